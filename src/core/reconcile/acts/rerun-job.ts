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
  if (isWanted) {
    const outcome = await deps.jobs.rerunJob(installationId, repository, id);
    deps.log({ event: 'rerun-job', job: id, outcome: outcome.kind });
    // A refusal is final; all else may pass.
    if (outcome.kind !== 'ok' && outcome.kind !== 'auth' && outcome.kind !== 'refused') return;
  }
  await change(changeDeps(deps), [jobKey(id)], (ledger) => {
    const known = ledger.job(id);
    if (known?.rerunDue) ledger.setJob({ ...known, rerunDue: undefined });
  });
}
