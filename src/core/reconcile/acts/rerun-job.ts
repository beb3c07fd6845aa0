/** Runs a job again that failed with its reclaimed spot instance, where the pool says so. GitHub waits for the run's end. */
import { change } from '../../change.ts';
import { changeDeps } from '../../dispatch/deps.ts';
import { limits } from '../../limits.ts';
import { jobKey } from '../../records.ts';
import type { Job } from '../../types.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function rerunJob(deps: ReconcileDeps, job: Job): Promise<void> {
  const { id, pool, installationId, repository, completedAt = job.createdAt } = job;
  const isWanted = deps.pools.get(pool)?.rerunReclaimed === true && deps.clock() - completedAt < limits.jobAgeMs;
  // Taken off first: when the answer is lost, it may have been done, and twice is worse than not.
  if (!(await setDue(deps, id, true, undefined)) || !isWanted) return;
  const outcome = await deps.jobs.rerunJob(installationId, repository, id);
  deps.log({ event: 'rerun-job', job: id, outcome: outcome.kind });
  if (outcome.kind === 'not-yet' || outcome.kind === 'throttled') await setDue(deps, id, undefined, true);
}

/** False: somebody else was faster. */
async function setDue(deps: ReconcileDeps, id: string, from: true | undefined, to: true | undefined): Promise<boolean> {
  const changed = await change(changeDeps(deps), [jobKey(id)], (ledger) => {
    const job = ledger.job(id);
    if (!job || job.rerunDue !== from) return false;
    ledger.setJob({ ...job, rerunDue: to });
    return true;
  });
  return changed.kind === 'ok' && changed.result;
}
