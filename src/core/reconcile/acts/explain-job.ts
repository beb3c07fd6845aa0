/** The job says that EC2 ended its instance; the log says with which words. */
import { change } from '../../change.ts';
import { changeDeps } from '../../dispatch/deps.ts';
import { jobKey } from '../../records.ts';
import type { Job } from '../../types.ts';
import { raiseAlarm } from '../alarm.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function explainJob(deps: ReconcileDeps, { id, lostInstanceId }: Job, stateReason: string): Promise<void> {
  raiseAlarm(deps.log, 'instance-failed', { job: id, instance: lostInstanceId, stateReason });
  await change(changeDeps(deps), [jobKey(id)], (ledger) => {
    const job = ledger.job(id);
    if (job?.reason === 'instance-lost') ledger.setJob({ ...job, reason: 'instance-failed' });
  });
}
