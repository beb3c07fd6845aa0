/**
 * Ends an attempt that no job needs, never a busy one:
 *
 *   ENDING is written -> DELETE the runner at GitHub -> 204: terminate | 422: it has a job, leave it | 404: leave it
 *
 * 404 proves nothing by itself (listings lag, a job may just have taken it): the reconciler decides about that one.
 */
import { nextAttemptState } from '../attempt-machine.ts';
import { change } from '../change.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import { attemptKey, isSpare } from '../records.ts';
import type { Attempt, Pool } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { pointKeys } from './plan-pool.ts';
import { slowDown } from './slow-down.ts';

export async function endAttempt(deps: DispatchDeps, pool: Pool, attempt: Attempt): Promise<void> {
  const intent = await storeIntent(deps, attempt);
  if (!intent) return;
  if (intent.runnerDeletedAt === undefined) {
    const outcome = await deps.github.deleteRunner(intent.installationId, pool.scope, intent.runnerId as number);
    deps.log({ event: 'end-runner', attempt: intent.id, outcome: outcome.kind });
    if (outcome.kind === 'busy') return update(deps, intent.id, 'runner-busy');
    if (outcome.kind === 'gone') return update(deps, intent.id, 'end', { runnerMissingSince: deps.clock() });
    if (outcome.kind === 'throttled') await slowDown(deps, intent.installationId, outcome.retryAfterMs);
    if (outcome.kind !== 'deleted') return;
    await update(deps, intent.id, 'end', { runnerDeletedAt: deps.clock() });
  }
  const ended = await deps.fleet.terminate(intent.instanceId as string);
  deps.log({ event: 'terminate', attempt: intent.id, instance: intent.instanceId, outcome: ended });
}

/** The intent, unless the attempt got a job meanwhile, or the minute's points are spent. */
async function storeIntent(deps: DispatchDeps, attempt: Attempt): Promise<Attempt | undefined> {
  const keys = (ledger: Ledger) => [attemptKey(attempt.id), ...pointKeys(attempt.installationId, ledger.now)];
  const stored = await change(changeDeps(deps), keys, (ledger) => decideEnd(ledger, attempt.id));
  return stored.kind === 'ok' ? stored.result : undefined;
}

/** Registered, so that GitHub can be asked; and not one of which GitHub said that it knows nothing. */
const canEnd = (attempt: Attempt) => attempt.runnerId !== undefined && attempt.runnerMissingSince === undefined;

function decideEnd(ledger: Ledger, id: string): Attempt | undefined {
  const attempt = ledger.attempt(id);
  if (!attempt || !canEnd(attempt)) return undefined;
  if (attempt.state === 'ENDING' && attempt.runnerDeletedAt !== undefined) return attempt;
  if (attempt.state !== 'ENDING' && !isSpare(attempt)) return undefined;
  if (ledger.freePoints(attempt.installationId) < limits.writePoints) return undefined;
  ledger.spend(attempt.installationId, limits.writePoints);
  const ending: Attempt = { ...attempt, state: nextAttemptState(attempt.state, 'end') };
  ledger.setAttempt(ending);
  return ending;
}

async function update(
  deps: DispatchDeps,
  id: string,
  event: 'runner-busy' | 'end',
  more: Partial<Attempt> = {},
): Promise<void> {
  await change(changeDeps(deps), [attemptKey(id)], (ledger) => {
    const attempt = ledger.attempt(id);
    if (attempt) ledger.setAttempt({ ...attempt, ...more, state: nextAttemptState(attempt.state, event) });
  });
}
