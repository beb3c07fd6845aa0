/** Deletes the runner of an attempt whose instance is gone: nobody can use it any more. */
import type { Attempt } from '../types.ts';
import type { DispatchDeps } from './deps.ts';

/** Nothing to delete: it was never registered, GitHub removed it after its job, or we did. */
export const hasRunner = (attempt: Attempt) =>
  attempt.runnerId !== undefined && attempt.finishedAt === undefined && attempt.runnerDeletedAt === undefined;

/** A failure is left to the reconciler: the record harms nobody, and GitHub forgets it after a day. */
export async function deleteRunner(deps: DispatchDeps, attempt: Attempt): Promise<void> {
  const pool = deps.pools.get(attempt.pool);
  if (!pool || attempt.runnerId === undefined) return;
  const outcome = await deps.github.deleteRunner(attempt.installationId, pool.scope, attempt.runnerId);
  deps.log({ event: 'delete-runner', attempt: attempt.id, outcome: outcome.kind });
}
