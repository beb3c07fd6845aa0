/** Deletes a runner that nothing can use any more: the attempt's own, or one more that was registered for it. */
import { deleteById, deleteRunner } from '../../dispatch/delete-runner.ts';
import { update } from '../../dispatch/end-attempt.ts';
import { limits } from '../../limits.ts';
import type { Runner } from '../../ports.ts';
import { mayHaveRunner } from '../../records.ts';
import type { Attempt } from '../../types.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function deleteLeftRunner(deps: ReconcileDeps, attempt: Attempt, runner?: Runner): Promise<void> {
  if (runner) return deleteListed(deps, attempt, runner);
  // GitHub forgot it by itself, unless it has a job.
  const isForgotten = deps.clock() - attempt.createdAt > limits.runnerForgottenMs;
  if (isForgotten && attempt.runnerBusyAt === undefined)
    await update(deps, attempt.id, { runnerDeletedAt: deps.clock() });
  else if (mayHaveRunner(attempt)) await deleteRunner(deps, attempt);
}

async function deleteListed(deps: ReconcileDeps, attempt: Attempt, runner: Runner): Promise<void> {
  const pool = deps.pools.get(attempt.pool);
  if (pool) await deleteById(deps, pool, attempt, runner.id);
}
