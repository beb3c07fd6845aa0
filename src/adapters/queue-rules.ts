import { limits } from '../core/limits.ts';

/** Throws unless SQS can delay a message by it. */
export function checkDelay(delayMs: number): void {
  if (!(delayMs >= 0 && delayMs <= limits.queueDelayMs))
    throw new RangeError(`SQS delays a message by 0 to ${limits.queueDelayMs} ms, not ${delayMs}`);
}
