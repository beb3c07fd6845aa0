/**
 * Instances with our tag that no open attempt has. One that was never bound never got a JIT config, so nothing can run on
 * it; one whose attempt is closed may run a job all the same, if EC2 told us wrong: it is ended the safe way.
 */
import { isClosedAttempt } from '../../attempt-machine.ts';
import { isClosedLaunch } from '../../launch-machine.ts';
import { limits } from '../../limits.ts';
import type { Action } from '../actions.ts';
import { isAlive, type Snapshot, type Unbound } from '../snapshot.ts';

export const findOrphans = (snapshot: Snapshot): readonly Action[] =>
  snapshot.parts.unbound.flatMap((unbound) => look(snapshot, unbound));

function look({ parts: { now, pools } }: Snapshot, { instance, launch, attempt }: Unbound): Action[] {
  const isOld = now - instance.launchedAt >= limits.unboundMs;
  if (!isAlive(instance) || !isOld) return [];
  // Bound while this run looked: it is nobody's no more.
  if (attempt && !isClosedAttempt(attempt.state)) return [];
  const end = (why: 'instance-orphaned' | 'lifetime-ended'): Action[] => [
    { kind: 'terminate', instanceId: instance.id, attempt, why },
  ];
  if (!attempt) return launch && !isClosedLaunch(launch.state) ? [] : end('instance-orphaned');
  const lifetimeMs = pools.get(attempt.pool)?.lifetimeMs ?? 0;
  if (now - instance.launchedAt >= lifetimeMs + limits.lifetimeGraceMs) return end('lifetime-ended');
  return [{ kind: 'check-runner', attempt }];
}
