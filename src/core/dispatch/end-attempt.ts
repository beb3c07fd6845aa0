/**
 * Ends an attempt, never a busy one. Each step is stored before the next, and the whole is repeated until it is through:
 *
 *   ENDING is written -> DELETE the runner at GitHub -> 204: terminate | 422: it has a job, leave it | 404: see below
 *   no runner yet     -> the mailbox is closed, so that none can ever be registered -> terminate
 *
 * 404 proves nothing by itself (lists lag, a job may just have ended it): the reconciler asks once more, a minute later.
 */
import { nextAttemptState } from '../attempt-machine.ts';
import { change } from '../change.ts';
import type { ReasonCode } from '../codes.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import { userIdOf } from '../names.ts';
import { attemptKey, isSpare, jobKey } from '../records.ts';
import type { Attempt, Pool } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { backoffLeftMs } from './open-work.ts';
import { pointKeys } from './plan-pool.ts';
import { slowDown } from './slow-down.ts';
import { loseAttempt } from './waiting-job.ts';

/** Why it shall end: no job needs it, it boots for too long, its runner is away, its job is over and it is still there. */
export type EndReason = 'spare' | 'late' | 'offline' | 'finished';

export async function endAttempt(
  deps: DispatchDeps,
  pool: Pool,
  attempt: Attempt,
  why: EndReason = 'spare',
): Promise<void> {
  const intent = await storeIntent(deps, attempt, why);
  if (!intent) return;
  if (intent.runnerDeletedAt !== undefined || (await withdraw(deps, pool, intent))) await terminate(deps, intent);
}

export async function terminate(deps: DispatchDeps, { id, instanceId }: Attempt): Promise<void> {
  const outcome = await deps.fleet.terminate(instanceId as string);
  deps.log({ event: 'terminate', attempt: id, instance: instanceId, outcome });
}

/** The intent, unless the attempt got a job meanwhile, or the minute's points are spent. */
async function storeIntent(deps: DispatchDeps, attempt: Attempt, why: EndReason): Promise<Attempt | undefined> {
  const keys = (ledger: Ledger) => [attemptKey(attempt.id), ...pointKeys(attempt.installationId, ledger.now)];
  const stored = await change(changeDeps(deps), keys, (ledger) => decideEnd(ledger, attempt.id, why));
  return stored.kind === 'ok' ? stored.result : undefined;
}

const MAY_END: Record<EndReason, (attempt: Attempt) => boolean> = {
  spare: (attempt) => isSpare(attempt) && attempt.runnerId !== undefined,
  late: ({ state }) => state === 'LAUNCHED' || state === 'REGISTERED' || state === 'TAKEN',
  offline: ({ state }) => state === 'IDLE',
  finished: ({ state, finishedAt }) => state === 'BUSY' && finishedAt !== undefined,
};

function decideEnd(ledger: Ledger, id: string, why: EndReason): Attempt | undefined {
  const attempt = ledger.attempt(id);
  if (!attempt || attempt.runnerMissingSince !== undefined) return undefined;
  const isEnding = attempt.state === 'ENDING';
  if (isEnding ? backoffLeftMs(attempt, ledger.now) > 0 : !MAY_END[why](attempt)) return undefined;
  if (attempt.runnerDeletedAt === undefined) {
    if (ledger.freePoints(attempt.installationId) < limits.writePoints) return undefined;
    ledger.spend(attempt.installationId, limits.writePoints);
  }
  const ending: Attempt = {
    ...attempt,
    state: nextAttemptState(attempt.state, why === 'finished' ? 'end-finished' : 'end'),
    tries: isEnding ? (attempt.tries ?? 0) + 1 : 1,
    triedAt: ledger.now,
    ...(why === 'late' ? { reason: 'boot-deadline' } : {}),
  };
  ledger.setAttempt(ending);
  return ending;
}

/** True: nothing can run on the instance any more. */
async function withdraw(deps: DispatchDeps, pool: Pool, attempt: Attempt): Promise<boolean> {
  const runnerId = attempt.runnerId ?? (await closeMailbox(deps, pool, attempt));
  if (runnerId === 'closed') return withdrawn(deps, attempt.id);
  if (runnerId === undefined) return false;
  const outcome = await deps.github.deleteRunner(attempt.installationId, pool.scope, runnerId);
  deps.log({ event: 'end-runner', attempt: attempt.id, outcome: outcome.kind });
  if (outcome.kind === 'deleted') return withdrawn(deps, attempt.id);
  if (outcome.kind === 'throttled') await slowDown(deps, attempt.installationId, outcome.retryAfterMs);
  if (outcome.kind === 'gone') await noteGone(deps, pool, attempt, runnerId);
  if (outcome.kind === 'busy') await setBusy(deps, attempt.id, runnerId);
  return false;
}

/** The first of the two looks that must agree; the reconciler takes the second. */
async function noteGone(deps: DispatchDeps, pool: Pool, attempt: Attempt, runnerId: number): Promise<void> {
  const found = await deps.github.getRunner(attempt.installationId, pool.scope, runnerId);
  if (found.kind === 'gone') await update(deps, attempt.id, { runnerId, runnerMissingSince: deps.clock() });
}

/** `closed`: no JIT config was given, nor will be. Else the runner whose config was. `undefined`: no answer. */
export async function closeMailbox(
  deps: DispatchDeps,
  pool: Pool,
  attempt: Attempt,
): Promise<number | 'closed' | undefined> {
  const userId = userIdOf(pool.roleId, attempt.instanceId as string);
  const closed = await deps.mailbox.close(userId, deps.clock() + limits.mailTtlMs);
  if (closed === 'closed') return 'closed';
  if (closed !== 'already') return undefined;
  const mail = await deps.mailbox.read([userId]);
  if (mail === 'unavailable' || !mail[0]) return undefined;
  // Taken without a runner: it was closed before, and whoever did that died.
  return mail[0].runner?.id ?? (mail[0].taken ? 'closed' : undefined);
}

async function withdrawn(deps: DispatchDeps, id: string): Promise<boolean> {
  return update(deps, id, { runnerDeletedAt: deps.clock(), tries: undefined, triedAt: undefined });
}

/** The job that counted on it is free for another as soon as nothing can run on it. */
export async function update(deps: DispatchDeps, id: string, more: Partial<Attempt>): Promise<boolean> {
  const stored = await change(changeDeps(deps), jobKeysOf(id), (ledger) => {
    const attempt = ledger.attempt(id);
    if (!attempt) return;
    ledger.setAttempt({ ...attempt, ...more });
    if (more.runnerDeletedAt === undefined) return;
    loseAttempt(ledger, attempt, lossOf(attempt));
  });
  return stored.kind === 'ok';
}

const jobKeysOf = (id: string) => (ledger: Ledger) => [
  attemptKey(id),
  ...ledger.attempts().flatMap(({ jobId }) => (jobId ? [jobKey(jobId)] : [])),
];

const lossOf = ({ reason }: Attempt): ReasonCode => reason ?? 'instance-lost';

async function setBusy(deps: DispatchDeps, id: string, runnerId: number): Promise<void> {
  await change(changeDeps(deps), [attemptKey(id)], (ledger) => {
    const attempt = ledger.attempt(id);
    if (!attempt) return;
    ledger.setAttempt({
      ...attempt,
      runnerId,
      reason: undefined,
      tries: undefined,
      state: nextAttemptState(attempt.state, 'runner-busy'),
    });
  });
}
