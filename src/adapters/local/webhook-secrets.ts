/** Webhook secrets in memory, remembered and re-read as a warm function does with those in Secrets Manager. */
import { limits } from '../../core/limits.ts';
import type { Clock, WebhookSecrets } from '../../core/ports.ts';

export class LocalWebhookSecrets implements WebhookSecrets {
  readonly #clock: Clock;
  #stored: readonly string[] | undefined;
  #remembered: { readonly secrets: readonly string[]; readonly at: number } | undefined;
  #reads = 0;

  /** `undefined`: not configured. */
  constructor(clock: Clock, secrets: readonly string[] | undefined) {
    this.#clock = clock;
    this.change(secrets);
  }

  /** What a reader remembers stays until it reads again. */
  change(secrets: readonly string[] | undefined): void {
    this.#stored = secrets && [...secrets];
  }

  async read({ fresh = false } = {}): Promise<readonly string[] | undefined> {
    const remembered = this.#remembered;
    if (remembered === undefined) return this.#readStored();
    const rereadable = this.#clock() - remembered.at >= limits.secretRereadMs;
    return fresh && rereadable ? this.#readStored() : remembered.secrets;
  }

  /** How often the stored secrets were read. */
  get reads(): number {
    return this.#reads;
  }

  /** "Not configured" is not remembered: the setup may be finished any moment. */
  #readStored(): readonly string[] | undefined {
    this.#reads += 1;
    this.#remembered = this.#stored && { secrets: this.#stored, at: this.#clock() };
    return this.#stored;
  }
}
