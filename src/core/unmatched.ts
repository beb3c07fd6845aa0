/**
 * GitHub gives a runner only jobs that its runner group admits, and says nothing where it does not: the runner idles, the
 * job waits. One such runner may just hang. After a second one nothing is launched in vain for that repository in that
 * pool for a while; then one job at a time tries again, until a runner has a job of it.
 */
import type { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { unmatchedKey } from './records.ts';
import type { Job } from './types.ts';

type Place = Pick<Job, 'pool' | 'repository'>;

/** How things stand for a repository in a pool. */
export type Match =
  /** Nothing is known against it. */
  | { readonly kind: 'free' }
  /** Nothing is launched before. */
  | { readonly kind: 'held'; readonly until: number }
  /** One job may try; then nothing more before. */
  | { readonly kind: 'probe'; readonly until: number };

export function matchOf(ledger: Ledger, { pool, repository }: Place): Match {
  const note = ledger.note(unmatchedKey(pool, repository));
  const until = (note?.until as number | undefined) ?? 0;
  if (until > ledger.now) return { kind: 'held', until };
  return until > 0 ? { kind: 'probe', until: ledger.now + limits.probeMs } : { kind: 'free' };
}

/** `attemptId`: whose runner idles. Returns until when nothing is launched. */
export function noteUnmatched(ledger: Ledger, place: Place, attemptId: string): number {
  const before = ledger.note(unmatchedKey(place.pool, place.repository))?.attemptId;
  const isSecond = before !== undefined && before !== attemptId;
  const until = isSecond ? ledger.now + limits.slowRetryMs : 0;
  setNote(ledger, place, { until, attemptId });
  return until;
}

/** A job of the repository tries again. */
export function noteProbe(ledger: Ledger, place: Place, until: number): void {
  const attemptId = ledger.note(unmatchedKey(place.pool, place.repository))?.attemptId;
  setNote(ledger, place, { until, attemptId });
}

/** A runner of the pool has a job of the repository. */
export function noteMatched(ledger: Ledger, place: Place): void {
  const before = ledger.note(unmatchedKey(place.pool, place.repository));
  if (before?.attemptId !== undefined) setNote(ledger, place, { until: 0 });
}

function setNote(ledger: Ledger, { pool, repository }: Place, note: object): void {
  const expiresAt = Math.ceil((ledger.now + limits.jobAgeMs) / 1000);
  ledger.setNote(unmatchedKey(pool, repository), { ...note, expiresAt });
}
