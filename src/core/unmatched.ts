/**
 * GitHub gives a runner only jobs that its runner group admits, and says nothing where it does not: the runner idles, the
 * job waits. One such runner may just hang. After a second one nothing is launched in vain for that repository in that
 * pool, until a runner has a job of it or time passes.
 */
import type { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { unmatchedKey } from './records.ts';
import type { Job } from './types.ts';

type Place = Pick<Job, 'pool' | 'repository'>;

/** Until when nothing is launched for the repository in the pool; 0: it may be. */
export const unmatchedUntil = (ledger: Ledger, { pool, repository }: Place): number =>
  (ledger.note(unmatchedKey(pool, repository))?.until as number | undefined) ?? 0;

/** `attemptId`: whose runner idles. Returns until when nothing is launched. */
export function noteUnmatched(ledger: Ledger, { pool, repository }: Place, attemptId: string): number {
  const before = ledger.note(unmatchedKey(pool, repository))?.attemptId;
  const isSecond = before !== undefined && before !== attemptId;
  const until = isSecond ? ledger.now + limits.slowRetryMs : 0;
  const expiresAt = Math.ceil((ledger.now + 2 * limits.slowRetryMs) / 1000);
  ledger.setNote(unmatchedKey(pool, repository), { until, attemptId, expiresAt });
  return until;
}

/** A runner of the pool has a job of the repository. */
export function noteMatched(ledger: Ledger, { pool, repository }: Place): void {
  const before = ledger.note(unmatchedKey(pool, repository));
  if (before?.attemptId !== undefined) ledger.setNote(unmatchedKey(pool, repository), { until: 0 });
}
