/** Attempts past their boot deadline, and runners that were online and went away. */
import { limits } from '../../limits.ts';
import { runnerNamesOf } from '../../names.ts';
import type { Attempt } from '../../types.ts';
import type { Action } from '../actions.ts';
import type { Snapshot } from '../snapshot.ts';

export const findLateBoots = (snapshot: Snapshot): readonly Action[] =>
  snapshot.parts.attempts.flatMap((attempt) => {
    if (attempt.state === 'IDLE') return isAway(snapshot, attempt) ? [end(attempt, 'offline')] : [];
    return isLate(snapshot, attempt) ? [end(attempt, 'late')] : [];
  });

const end = (attempt: Attempt, why: 'late' | 'offline'): Action => ({ kind: 'end-attempt', attempt, why });

function isLate(snapshot: Snapshot, attempt: Attempt): boolean {
  const { state, launchedAt, runnerMissingSince, pool } = attempt;
  if (state !== 'LAUNCHED' && state !== 'REGISTERED' && state !== 'TAKEN') return false;
  const { now, pools, deploymentId } = snapshot.parts;
  const deadlineMs = pools.get(pool)?.bootDeadlineMs;
  if (deadlineMs === undefined || runnerMissingSince !== undefined) return false;
  const ageMs = now - (launchedAt ?? now);
  if (ageMs < deadlineMs + limits.bootGraceMs) return false;
  const runner = snapshot.runnerOf(attempt, runnerNamesOf(deploymentId, attempt.id));
  // Not listed this time: it may be up. After as long again, DELETE says whether it has a job.
  if (runner === 'unknown') return state === 'LAUNCHED' || ageMs >= 2 * deadlineMs;
  return runner === 'absent' ? state === 'LAUNCHED' : !runner.online && !runner.busy;
}

function isAway(snapshot: Snapshot, attempt: Attempt): boolean {
  const { offlineSince, runnerMissingSince } = attempt;
  if (offlineSince === undefined || runnerMissingSince !== undefined) return false;
  if (snapshot.parts.now - offlineSince < limits.offlineMs) return false;
  const runner = snapshot.runnerOf(attempt, []);
  return typeof runner === 'object' && !runner.online && !runner.busy;
}
