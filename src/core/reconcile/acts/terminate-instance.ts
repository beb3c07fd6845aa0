/** Ends an instance whatever runs on it: nobody's, or beyond its lifetime. Its runner is deleted once it is gone. */
import { change } from '../../change.ts';
import { changeDeps } from '../../dispatch/deps.ts';
import { attemptKey } from '../../records.ts';
import type { Action } from '../actions.ts';
import { raiseAlarm } from '../alarm.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function terminateInstance(
  deps: ReconcileDeps,
  { instanceId, attempt, why }: Action & { kind: 'terminate' },
): Promise<void> {
  if (attempt && why === 'lifetime-ended') await noteOverdue(deps, attempt.id);
  const outcome = await deps.fleet.terminate(instanceId);
  raiseAlarm(deps.log, why, { attempt: attempt?.id, instance: instanceId, outcome });
}

/** So that the job that waited for it, if there is one, is told why. */
async function noteOverdue(deps: ReconcileDeps, id: string): Promise<void> {
  await change(changeDeps(deps), [attemptKey(id)], (ledger) => {
    const attempt = ledger.attempt(id);
    if (attempt && attempt.reason !== 'instance-overdue') ledger.setAttempt({ ...attempt, reason: 'instance-overdue' });
  });
}
