/** Records how far an attempt came, unless the table knows better by now. */
import { isSupply, nextAttemptState } from '../../attempt-machine.ts';
import { change } from '../../change.ts';
import { changeDeps } from '../../dispatch/deps.ts';
import { attemptKey } from '../../records.ts';
import type { Attempt } from '../../types.ts';
import type { Sighting } from '../actions.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function recordSighting(deps: ReconcileDeps, { id }: Attempt, seen: Sighting): Promise<void> {
  const changed = await change(changeDeps(deps), [attemptKey(id)], (ledger) => {
    const attempt = ledger.attempt(id);
    const after = attempt && withSighting(attempt, seen, ledger.now);
    if (after) ledger.setAttempt(after);
    return after?.state;
  });
  if (changed.kind === 'ok' && changed.result) deps.log({ event: 'seen', attempt: id, seen: seen.kind });
}

function withSighting(attempt: Attempt, seen: Sighting, now: number): Attempt | undefined {
  if (seen.kind === 'instance-missing')
    return { ...attempt, instanceMissingSince: attempt.instanceMissingSince ?? now };
  if (seen.kind === 'instance-back') return { ...attempt, instanceMissingSince: undefined };
  // It got a job, or is being ended: whoever did that knew more.
  if (!isSupply(attempt.state)) return undefined;
  if (seen.kind === 'offline') return { ...attempt, offlineSince: now };
  if (seen.kind === 'mail-taken') return { ...attempt, state: nextAttemptState(attempt.state, 'mail-taken') };
  const { id: runnerId, name: runnerName } = seen.runner;
  // Somebody knows better by now whose it is.
  if (attempt.runnerId !== undefined && attempt.runnerId !== runnerId) return undefined;
  const isBack = attempt.offlineSince !== undefined;
  const known = { ...attempt, runnerId, runnerName, offlineSince: undefined, runnerMissingSince: undefined };
  if (seen.kind === 'busy') return { ...known, state: nextAttemptState(attempt.state, 'runner-busy') };
  return {
    ...known,
    state: nextAttemptState(attempt.state, 'runner-online'),
    idleSince: isBack ? now : (attempt.idleSince ?? now),
  };
}
