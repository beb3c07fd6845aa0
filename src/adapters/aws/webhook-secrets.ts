/** The webhook's secrets in Secrets Manager. */
import { limits } from '../../core/limits.ts';
import type { Clock, Log, WebhookSecrets } from '../../core/ports.ts';
import { type Expiring, expiring } from '../expiring.ts';
import type { AwsCaller } from './call-aws.ts';
import { readSecret } from './read-secret.ts';

/** A secret that was taken away after a rotation is not accepted for longer than this. */
const LIFE_MS = 5 * 60_000;
/** GitHub waits for 10 s in all; most of it is left to the queue. */
const TIMEOUT_MS = 1_000;

export class AwsWebhookSecrets implements WebhookSecrets {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #secrets: Expiring<readonly string[]>;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(caller: AwsCaller, secretArn: string, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    const read = async () => {
      this.#lookedAt = clock();
      return parseSecrets(await readSecret(caller, secretArn, TIMEOUT_MS));
    };
    this.#secrets = expiring({ read, lifeMs: LIFE_MS, clock });
  }

  async read({ fresh = false } = {}): Promise<readonly string[] | undefined> {
    const mayLook = this.#clock() - this.#lookedAt >= limits.secretRereadMs;
    try {
      return fresh && mayLook ? await this.#secrets.refresh() : await this.#kept(fresh);
    } catch (error) {
      this.#log({ event: 'webhook-secret-unreadable', error: String(error) });
      return this.#secrets.last();
    }
  }

  /** With nothing known, the second look of the same request would only repeat the first. */
  #kept = (fresh: boolean) => (fresh ? this.#secrets.last() : this.#secrets.get());
}

/** The secret itself, or during a rotation a JSON list of two. @throws NotSetUp when it is neither. */
export function parseSecrets(text: string): readonly string[] {
  const list = text.startsWith('[') ? parseList(text) : [text];
  const isUsable = list.length > 0 && list.length <= 2 && list.every((one) => typeof one === 'string' && one !== '');
  if (!isUsable) throw new NotSetUp('the webhook secret is neither a text nor a list of one or two');
  return list as string[];
}

class NotSetUp extends Error {
  override readonly name = 'NotSetUp';
}

/** What begins like a list and is none is a secret that begins with a bracket. */
function parseList(text: string): unknown[] {
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    return [text];
  }
}
