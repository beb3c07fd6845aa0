/** Attempts whose instance is gone, or stopped, and no event told. */
import { isClosedAttempt } from '../../attempt-machine.ts';
import { limits } from '../../limits.ts';
import type { InstanceMessage } from '../../messages.ts';
import type { Attempt } from '../../types.ts';
import type { Action } from '../actions.ts';
import type { Snapshot } from '../snapshot.ts';

export const findLostInstances = (snapshot: Snapshot): readonly Action[] =>
  snapshot.parts.attempts.filter(({ state }) => !isClosedAttempt(state)).flatMap((attempt) => look(snapshot, attempt));

function look(snapshot: Snapshot, attempt: Attempt): Action[] {
  const instance = snapshot.instanceOf(attempt);
  if (instance === 'unknown') return [];
  if (instance === 'absent') return isAtWork(snapshot, attempt) ? [] : lookAgain(snapshot.parts.now, attempt);
  if (instance.state === 'terminated') return [event(attempt, 'terminated')];
  if (instance.state === 'stopped' || instance.state === 'stopping') return [event(attempt, 'stopped')];
  return attempt.instanceMissingSince === undefined
    ? []
    : [{ kind: 'sighting', attempt, seen: { kind: 'instance-back' } }];
}

/** GitHub hears from its runner: the list is wrong. */
function isAtWork(snapshot: Snapshot, attempt: Attempt): boolean {
  const runner = snapshot.runnerOf(attempt, []);
  return typeof runner === 'object' && (runner.online || runner.busy);
}

/** A list may prove presence, never absence: two of them, a minute apart, and not of a young instance, must do. */
function lookAgain(now: number, attempt: Attempt): Action[] {
  if (now - (attempt.launchedAt ?? now) < limits.youngInstanceMs) return [];
  const since = attempt.instanceMissingSince;
  if (since === undefined) return [{ kind: 'sighting', attempt, seen: { kind: 'instance-missing' } }];
  return now - since < limits.secondLookMs ? [] : [event(attempt, 'terminated')];
}

const event = (attempt: Attempt, change: InstanceMessage['change']): Action => ({
  kind: 'instance-event',
  message: { kind: 'instance', instanceId: attempt.instanceId as string, change },
});
