/**
 * What an error of the AWS SDK means to us. Whatever is not listed (a wrong request, a missing table or permission) is
 * no outcome: it is thrown on, so that it is seen.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
import type { CancellationReason } from '@aws-sdk/client-dynamodb';

export type AwsFault = 'throttled' | 'unavailable';

const THROTTLED = new Set([
  'ThrottlingException',
  'ThrottlingError',
  'ProvisionedThroughputExceededException',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'KmsThrottled',
]);

const UNAVAILABLE = new Set([
  'TimeoutError',
  'AbortError',
  'InternalServerError',
  'InternalFailure',
  'ServiceUnavailable',
  // Our own first try of the same transaction is still under way.
  'TransactionInProgressException',
]);

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

interface ErrorShape {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly CancellationReasons?: readonly CancellationReason[];
}

const shapeOf = (error: unknown): ErrorShape => (typeof error === 'object' && error !== null ? error : {});

/** Throws the error again when it is neither. */
export function faultOf(error: unknown): AwsFault {
  const { name = '', code = '', $metadata } = shapeOf(error);
  if (THROTTLED.has(name)) return 'throttled';
  const status = $metadata?.httpStatusCode ?? 0;
  if (status === 429) return 'throttled';
  if (UNAVAILABLE.has(name) || NETWORK.has(code) || status >= 500) return 'unavailable';
  throw error;
}

export type Refusal =
  /** `failed`: positions whose condition did not hold. Empty: another write to the same items was under way. */
  { readonly kind: 'conflict'; readonly failed: readonly number[] } | { readonly kind: AwsFault };

/** Why a conditional write was not done. Throws the error again when the write is a bug. */
export function refusalOf(error: unknown): Refusal {
  const { name, CancellationReasons } = shapeOf(error);
  if (name === 'ConditionalCheckFailedException') return { kind: 'conflict', failed: [0] };
  if (name === 'TransactionConflictException') return { kind: 'conflict', failed: [] };
  if (name !== 'TransactionCanceledException') return { kind: faultOf(error) };
  const codes = (CancellationReasons ?? []).map(({ Code }) => Code ?? 'None');
  const failed = codes.flatMap((code, position) => (code === 'ConditionalCheckFailed' ? [position] : []));
  if (codes.includes('ValidationError') || codes.includes('ItemCollectionSizeLimitExceeded')) throw error;
  if (failed.length > 0 || codes.includes('TransactionConflict')) return { kind: 'conflict', failed };
  if (codes.some((code) => THROTTLED.has(code))) return { kind: 'throttled' };
  throw error;
}
