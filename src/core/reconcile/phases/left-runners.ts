/**
 * Runners of ours that nothing can use: their instance is gone, or another runner was made for it. Ours is what the table
 * knows an attempt of; a name alone proves nothing, since another deployment may be gone with its table.
 */
import { isClosedAttempt } from '../../attempt-machine.ts';
import { limits } from '../../limits.ts';
import { attemptIdOfRunner } from '../../names.ts';
import type { Runner } from '../../ports.ts';
import type { Attempt } from '../../types.ts';
import type { Action } from '../actions.ts';
import type { Snapshot } from '../snapshot.ts';

export function findLeftRunners(snapshot: Snapshot): readonly Action[] {
  const { attempts, runners, now } = snapshot.parts;
  const known = attempts
    .filter((attempt) => isClosedAttempt(attempt.state) && now - attempt.createdAt >= limits.registrationMs)
    .filter(({ runnerBusyAt = 0 }) => now - runnerBusyAt >= limits.busyRetryMs)
    .map((attempt): Action => ({ kind: 'delete-runner', attempt }));
  const listed = [...runners.values()].flat().flatMap((runner) => look(snapshot, runner));
  return [...known, ...listed];
}

function look({ parts }: Snapshot, runner: Runner): Action[] {
  if (runner.busy) return [];
  const id = attemptIdOfRunner(parts.deploymentId, runner.name);
  if (id === undefined) return [];
  const open = parts.attempts.find((attempt) => attempt.id === id);
  const attempt = open ?? parts.past.get(id);
  if (!attempt || !isLeft(attempt, runner)) return [];
  return [{ kind: 'delete-runner', attempt, runner }];
}

/** Closed attempts that are still open on a shelf have their own action. */
function isLeft(attempt: Attempt, runner: Runner): boolean {
  if (isClosedAttempt(attempt.state)) return true;
  return attempt.runnerId !== undefined && attempt.runnerId !== runner.id;
}
