/** Instances beyond their lifetime: the one case where a busy runner is ended. On-box guards do not bind a root job. */
import { isClosedAttempt } from '../../attempt-machine.ts';
import { limits } from '../../limits.ts';
import type { Action } from '../actions.ts';
import { isAlive, type Snapshot } from '../snapshot.ts';

export function findOverdue(snapshot: Snapshot): readonly Action[] {
  const { now, pools, attempts } = snapshot.parts;
  return attempts.flatMap((attempt): Action[] => {
    const pool = pools.get(attempt.pool);
    const instance = snapshot.instanceOf(attempt);
    if (!pool || typeof instance === 'string' || !isAlive(instance) || isClosedAttempt(attempt.state)) return [];
    const isOverdue = now - instance.launchedAt >= pool.lifetimeMs + limits.lifetimeGraceMs;
    if (!isOverdue) return [];
    return [{ kind: 'terminate', instanceId: instance.id, attempt, why: 'lifetime-ended' }];
  });
}
