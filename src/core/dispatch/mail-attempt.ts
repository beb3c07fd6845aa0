/**
 * One attempt's JIT config: made at GitHub, put into its instance's mailbox. Safe to repeat at any point, and by two at
 * once, because the mailbox decides: whose letter lies there, and no other, can ever be used.
 *
 *   name taken       by an earlier try whose reply was lost, or by somebody who does the same now: take the next name
 *   letter given     ours: the runners of the names before can be used by nobody; delete them
 *   letter already   another's: delete our runner, and keep the one that the row names
 */
import type { WaitReason } from '../codes.ts';
import type { RunnerPackage } from '../ledger.ts';
import { writeLetter } from '../letter.ts';
import { limits } from '../limits.ts';
import { runnerNamesOf, userIdOf } from '../names.ts';
import type { GitHubFailure } from '../ports.ts';
import type { Attempt, Pool } from '../types.ts';
import { deleteById } from './delete-runner.ts';
import type { DispatchDeps } from './deps.ts';
import { REASON_OF } from './github-reason.ts';

export type MailOutcome =
  | {
      readonly kind: 'mailed';
      readonly attemptId: string;
      readonly runnerId: number;
      readonly runnerName: string;
    }
  | {
      readonly kind: 'waiting';
      readonly attemptId: string;
      readonly reason: WaitReason;
      /** GitHub throttled us: slow down for this long. */
      readonly retryAfterMs?: number;
    };

export async function mailAttempt(
  deps: DispatchDeps,
  pool: Pool,
  attempt: Attempt,
  runner: RunnerPackage | undefined,
): Promise<MailOutcome> {
  if (!runner) return waiting(attempt, 'runner-cache-empty');
  const taken: string[] = [];
  for (const name of runnerNamesOf(deps.deploymentId, attempt.id)) {
    const jit = await createJitConfig(deps, pool, attempt, name);
    if (jit.kind === 'ok') return giveLetter(deps, pool, attempt, runner, { jit, name, taken });
    if (jit.kind !== 'name-taken') return failed(deps, attempt, jit);
    taken.push(name);
  }
  return adopt(deps, pool, attempt);
}

const createJitConfig = (deps: DispatchDeps, pool: Pool, attempt: Attempt, name: string) =>
  deps.github.createJitConfig({
    installationId: attempt.installationId,
    scope: pool.scope,
    name,
    runnerGroupId: pool.runnerGroupId,
    labels: pool.labels,
  });

interface Made {
  readonly jit: { readonly runnerId: number; readonly jitConfig: string };
  readonly name: string;
  /** Names that were taken before. */
  readonly taken: readonly string[];
}

async function giveLetter(
  deps: DispatchDeps,
  pool: Pool,
  attempt: Attempt,
  runner: RunnerPackage,
  { jit, name, taken }: Made,
): Promise<MailOutcome> {
  const letter = writeLetter({ runnerKey: runner.key, runnerSha256: runner.sha256, jitConfig: jit.jitConfig });
  const ref = { id: jit.runnerId, name };
  const given = await deps.mailbox.give(userId(pool, attempt), letter, deps.clock() + limits.mailTtlMs, ref);
  deps.log({ event: 'registered', attempt: attempt.id, runner: name, mail: given });
  if (given === 'already') {
    await deleteById(deps, pool, attempt, jit.runnerId);
    return adopt(deps, pool, attempt);
  }
  // With no answer from the mailbox, the repeat finds out whose letter lies there.
  if (given !== 'given') return waiting(attempt);
  for (const before of taken) await deleteByName(deps, pool, attempt, before);
  return { kind: 'mailed', attemptId: attempt.id, runnerId: ref.id, runnerName: ref.name };
}

/** The letter that lies there is another's: its runner is the attempt's. */
async function adopt(deps: DispatchDeps, pool: Pool, attempt: Attempt): Promise<MailOutcome> {
  const mail = await deps.mailbox.read([userId(pool, attempt)]);
  const runner = mail === 'unavailable' ? undefined : mail[0]?.runner;
  if (!runner) return waiting(attempt);
  return { kind: 'mailed', attemptId: attempt.id, runnerId: runner.id, runnerName: runner.name };
}

async function deleteByName(deps: DispatchDeps, pool: Pool, attempt: Attempt, name: string): Promise<void> {
  const found = await deps.github.findRunner(attempt.installationId, pool.scope, name);
  if (found.kind === 'ok') await deleteById(deps, pool, attempt, found.runner.id);
}

const waiting = (attempt: Attempt, reason: WaitReason = 'boot-pending'): MailOutcome => ({
  kind: 'waiting',
  attemptId: attempt.id,
  reason,
});

const userId = (pool: Pool, attempt: Attempt) => userIdOf(pool.roleId, attempt.instanceId as string);

function failed(deps: DispatchDeps, attempt: Attempt, failure: GitHubFailure): MailOutcome {
  deps.log({ event: 'register-failed', attempt: attempt.id, kind: failure.kind, detail: failure.detail });
  const retryAfterMs = failure.kind === 'throttled' ? (failure.retryAfterMs ?? limits.unsaidRetryMs) : undefined;
  return { kind: 'waiting', attemptId: attempt.id, reason: REASON_OF[failure.kind], retryAfterMs };
}
