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
  const open = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const known = attempts
    .filter((attempt) => isClosedAttempt(attempt.state) && now - attempt.createdAt >= limits.registrationMs)
    .filter(({ runnerBusyAt = 0 }) => now - runnerBusyAt >= limits.busyRetryMs)
    .map((attempt): Action => ({ kind: 'delete-runner', attempt }));
  const listed = [...runners.values()].flat().flatMap((runner) => look(snapshot, open, runner));
  return [...known, ...listed];
}

function look({ parts }: Snapshot, open: ReadonlyMap<string, Attempt>, runner: Runner): Action[] {
  if (runner.busy) return [];
  const id = attemptIdOfRunner(parts.deploymentId, runner.name);
  if (id === undefined) return [];
  const attempt = open.get(id);
  if (attempt) return isAnother(attempt, runner) ? [{ kind: 'delete-runner', attempt, runner }] : [];
  const past = parts.past.get(id);
  return past && isClosedAttempt(past.state) ? [{ kind: 'delete-runner', attempt: past, runner }] : [];
}

/** Not the one that the attempt has. What its own end leaves is on a shelf, and has an action of its own. */
const isAnother = (attempt: Attempt, runner: Runner) =>
  attempt.runnerId !== undefined && attempt.runnerId !== runner.id;
