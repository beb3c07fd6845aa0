/**
 * Instances whose runner GitHub does not show any more. A cancelled job that was handed to the next runner makes such a
 * ghost (actions/runner#4617): its record is gone, its process listens for ever.
 */
import { limits } from '../../limits.ts';
import type { Attempt } from '../../types.ts';
import type { Action } from '../actions.ts';
import type { Snapshot } from '../snapshot.ts';

export const findGhosts = (snapshot: Snapshot): readonly Action[] =>
  snapshot.parts.attempts
    .filter((attempt) => isSuspect(snapshot, attempt))
    .map((attempt) => ({ kind: 'check-runner', attempt }));

/** A runner is suspected once its boot deadline is over; before, lists may lag behind its registration. */
function isSuspect(snapshot: Snapshot, attempt: Attempt): boolean {
  const { state, runnerId, runnerMissingSince, launchedAt, finishedAt } = attempt;
  const { now, pools } = snapshot.parts;
  const deadlineMs = pools.get(attempt.pool)?.bootDeadlineMs;
  if (runnerId === undefined || deadlineMs === undefined || now - (launchedAt ?? now) < deadlineMs) return false;
  if (runnerMissingSince !== undefined) return now - runnerMissingSince >= limits.secondLookMs;
  if (state === 'ENDING' || finishedAt !== undefined) return false;
  return snapshot.runnerOf(attempt, []) === 'absent';
}
