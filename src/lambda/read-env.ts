/** The environment of a function, by the names of its contract. */
import type { AwsCallerOptions } from '../adapters/aws/call-aws.ts';
import { WEBHOOK } from '../core/webhook/webhook-codes.ts';
import { writeLog } from './write-log.ts';

/** A coded error like the others (`CodedError`), without the texts of all codes: those are half of the webhook. */
export class NotConfigured extends Error {
  override readonly name = 'NotConfigured';
  readonly reason = 'not-configured';

  constructor(detail: string) {
    super(`${WEBHOOK['not-configured'].code} ${WEBHOOK['not-configured'].says} ${detail}`);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The variables of one of the contract's lists. An empty one counts as missing.
 * @throws NotConfigured, naming the first that is missing and not among `optional`.
 */
export function readEnv<Names extends Readonly<Record<string, string>>, Optional extends keyof Names = never>(
  names: Names,
  optional: readonly Optional[] = [],
  environment: Environment = process.env,
): { readonly [Key in Exclude<keyof Names, Optional>]: string } & { readonly [Key in Optional]?: string } {
  const values: Record<string, string> = {};
  for (const [key, name] of Object.entries(names)) {
    const value = environment[name];
    if (value) values[key] = value;
    else if (!optional.includes(key as unknown as Optional)) throw new NotConfigured(`${name} is not set.`);
  }
  return values as never;
}

/** The list in a variable, which separates by commas. */
export const listIn = (value: string): string[] => value.split(',').filter((part) => part !== '');

/** The parsed JSON of a variable. @throws NotConfigured. */
export function jsonIn<Value>(value: string): Value {
  try {
    return JSON.parse(value) as Value;
  } catch {
    throw new NotConfigured('A variable that should be JSON is not.');
  }
}

/** What Lambda itself sets, and the endpoint that AWS's own SDKs honour as well. */
export function readAwsAccess(environment: Environment = process.env): AwsCallerOptions {
  return {
    region: environment.AWS_REGION ?? '',
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
      sessionToken: environment.AWS_SESSION_TOKEN,
    },
    endpointOf: (service) => environment[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ?? environment.AWS_ENDPOINT_URL,
    clock: Date.now,
  };
}

/** What `read` gives, or undefined when a setting is missing: that is logged. For a function that must answer anyway. */
export function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof NotConfigured)) throw error;
    writeLog({ event: error.reason, error: error.message });
    return undefined;
  }
}
