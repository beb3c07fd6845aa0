/** Deletes the runner of an attempt whose instance is gone: nobody can use it any more. */
import { runnerNamesOf } from '../names.ts';
import type { Attempt, Pool } from '../types.ts';
import type { DispatchDeps } from './deps.ts';
import { slowDown } from './slow-down.ts';

/** GitHub removed it after its job, or we did; or it had no instance, and then it never got a JIT config. */
export const mayHaveRunner = (attempt: Attempt) =>
  attempt.instanceId !== undefined && attempt.finishedAt === undefined && attempt.runnerDeletedAt === undefined;

/** A failure is left to the reconciler: the record harms nobody, and GitHub forgets it after a day. */
export async function deleteRunner(deps: DispatchDeps, attempt: Attempt): Promise<void> {
  const pool = deps.pools.get(attempt.pool);
  if (!pool) return;
  const ids = attempt.runnerId === undefined ? await findByName(deps, pool, attempt) : [attempt.runnerId];
  for (const id of ids) {
    const outcome = await deps.github.deleteRunner(attempt.installationId, pool.scope, id);
    if (outcome.kind === 'throttled') await slowDown(deps, attempt.installationId, outcome.retryAfterMs);
    deps.log({ event: 'delete-runner', attempt: attempt.id, runner: id, outcome: outcome.kind });
  }
}

/** Its registration was not recorded, because whoever made it died before: GitHub knows it by its name. */
async function findByName(deps: DispatchDeps, pool: Pool, attempt: Attempt): Promise<number[]> {
  const found = await Promise.all(
    runnerNamesOf(deps.deploymentId, attempt.id).map((name) =>
      deps.github.findRunner(attempt.installationId, pool.scope, name),
    ),
  );
  return found.flatMap((one) => (one.kind === 'ok' ? [one.runner.id] : []));
}
