/**
 * GitHub gives a runner only jobs that its runner group admits, and says nothing where it does not: the runner idles, the
 * job waits. Once seen, no instance is launched in vain for that repository in that pool, until one runs or time passes.
 */
import type { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { unmatchedKey } from './records.ts';
import type { Job } from './types.ts';

type Place = Pick<Job, 'pool' | 'repository'>;

/** Until when nothing is launched for the repository in the pool; 0: it may be. */
export const unmatchedUntil = (ledger: Ledger, { pool, repository }: Place): number =>
  (ledger.note(unmatchedKey(pool, repository))?.until as number | undefined) ?? 0;

export function noteUnmatched(ledger: Ledger, { pool, repository }: Place): number {
  const until = ledger.now + limits.slowRetryMs;
  ledger.setNote(unmatchedKey(pool, repository), { until, expiresAt: Math.ceil(until / 1000) });
  return until;
}

/** A runner of the pool has a job of the repository. */
export function noteMatched(ledger: Ledger, place: Place): void {
  if (unmatchedUntil(ledger, place) > ledger.now)
    ledger.setNote(unmatchedKey(place.pool, place.repository), { until: 0 });
}
