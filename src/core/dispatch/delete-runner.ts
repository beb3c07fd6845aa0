/** Deletes the runner of an attempt whose instance is gone: nobody can use it any more. */
import { limits } from '../limits.ts';
import { runnerNamesOf } from '../names.ts';
import type { DeleteOutcome } from '../ports.ts';
import type { Attempt, Pool } from '../types.ts';
import type { DispatchDeps } from './deps.ts';
import { update } from './end-attempt.ts';
import { slowDown } from './slow-down.ts';

/** What fails stays on its shelf, and the reconciler does it again. */
export async function deleteRunner(deps: DispatchDeps, attempt: Attempt): Promise<void> {
  const pool = deps.pools.get(attempt.pool);
  if (!pool) return;
  const ids = attempt.runnerId === undefined ? await findByName(deps, pool, attempt) : [attempt.runnerId];
  if (ids === undefined) return;
  const outcomes: DeleteOutcome['kind'][] = [];
  for (const id of ids) outcomes.push(await deleteById(deps, pool, attempt, id));
  const isGone = outcomes.every((kind) => kind === 'deleted' || kind === 'gone');
  if (isGone) await update(deps, attempt.id, { runnerDeletedAt: deps.clock() });
  else if (outcomes.includes('busy')) await update(deps, attempt.id, { runnerBusyAt: deps.clock() });
}

/** One of the runners that were registered for the attempt. */
export async function deleteById(
  deps: DispatchDeps,
  pool: Pool,
  attempt: Attempt,
  id: number,
): Promise<DeleteOutcome['kind']> {
  const outcome = await deps.github.deleteRunner(attempt.installationId, pool.scope, id);
  if (outcome.kind === 'throttled') await slowDown(deps, attempt.installationId, outcome.retryAfterMs);
  deps.log({ event: 'delete-runner', attempt: attempt.id, runner: id, outcome: outcome.kind });
  return outcome.kind;
}

/**
 * Its registration was not recorded, because whoever made it died before: GitHub knows it by its name. `undefined`:
 * GitHub did not say, or the attempt is so young that one may still be made.
 */
async function findByName(deps: DispatchDeps, pool: Pool, attempt: Attempt): Promise<number[] | undefined> {
  const found = await Promise.all(
    runnerNamesOf(deps.deploymentId, attempt.id).map((name) =>
      deps.github.findRunner(attempt.installationId, pool.scope, name),
    ),
  );
  const isKnown = found.every(({ kind }) => kind === 'ok' || kind === 'gone');
  const isYoung = deps.clock() - (attempt.launchedAt ?? attempt.createdAt) < limits.registrationMs;
  const ids = found.flatMap((one) => (one.kind === 'ok' ? [one.runner.id] : []));
  return ids.length > 0 || (isKnown && !isYoung) ? ids : undefined;
}
