/** A job that waited, or ran, for longer than GitHub keeps it. */
import { change } from '../../change.ts';
import { changeDeps } from '../../dispatch/deps.ts';
import { nextJobState } from '../../job-machine.ts';
import { jobKey } from '../../records.ts';
import type { Job } from '../../types.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function expireJob(deps: ReconcileDeps, { id, v }: Job): Promise<void> {
  await change(changeDeps(deps), [jobKey(id)], (ledger) => {
    const job = ledger.job(id);
    if (job?.v !== v) return;
    const isRunning = job.state === 'RUNNING';
    const state = nextJobState(job.state, isRunning ? 'completed' : 'expired');
    ledger.setJob({ ...job, state, ...(isRunning ? { conclusion: 'unknown' } : { reason: 'expired' }) });
  });
}
