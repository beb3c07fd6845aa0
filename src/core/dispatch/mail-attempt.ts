/**
 * One attempt's JIT config: made at GitHub, put into its instance's mailbox. Safe to repeat at any point:
 *
 *   crash after GitHub answered, before the mail was given   name taken: nobody can use that runner; delete it, new name
 *   crash after the mail was given                           name taken, and a letter lies there: keep that runner
 */
import type { WaitReason } from '../codes.ts';
import type { RunnerPackage } from '../ledger.ts';
import { writeLetter } from '../letter.ts';
import { limits } from '../limits.ts';
import { runnerNameOf, userIdOf } from '../names.ts';
import type { GitHubFailure } from '../ports.ts';
import type { Attempt, Pool } from '../types.ts';
import type { DispatchDeps } from './deps.ts';

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
  const name = runnerNameOf(deps.deploymentId, attempt.id);
  const first = await register(deps, pool, attempt, runner, name);
  if (first !== 'name-taken') return first;
  const cleared = await clearName(deps, pool, attempt, name);
  if (cleared !== 'cleared') return cleared;
  const second = await register(deps, pool, attempt, runner, runnerNameOf(deps.deploymentId, attempt.id, true));
  return second === 'name-taken' ? waiting(attempt) : second;
}

async function register(
  deps: DispatchDeps,
  pool: Pool,
  attempt: Attempt,
  runner: RunnerPackage,
  name: string,
): Promise<MailOutcome | 'name-taken'> {
  const jit = await deps.github.createJitConfig({
    installationId: attempt.installationId,
    scope: pool.scope,
    name,
    runnerGroupId: pool.runnerGroupId,
    labels: pool.labels,
  });
  if (jit.kind === 'name-taken') return 'name-taken';
  if (jit.kind !== 'ok') return failed(deps, attempt, jit);
  const letter = writeLetter({ runnerKey: runner.key, runnerSha256: runner.sha256, jitConfig: jit.jitConfig });
  const given = await deps.mailbox.give(userId(pool, attempt), letter, deps.clock() + limits.mailTtlMs);
  deps.log({ event: 'registered', attempt: attempt.id, runner: name, mail: given });
  if (given === 'given') return { kind: 'mailed', attemptId: attempt.id, runnerId: jit.runnerId, runnerName: name };
  // With no answer from the mailbox, the repeat finds the name taken and looks what lies there.
  return given === 'already' ? adoptOther(deps, pool, attempt, jit.runnerId) : waiting(attempt);
}

/** A letter lay there already: an earlier run, which had to take the second name, was ended before it recorded that. */
async function adoptOther(deps: DispatchDeps, pool: Pool, attempt: Attempt, ownId: number): Promise<MailOutcome> {
  await deps.github.deleteRunner(attempt.installationId, pool.scope, ownId);
  const name = runnerNameOf(deps.deploymentId, attempt.id, true);
  const found = await deps.github.findRunner(attempt.installationId, pool.scope, name);
  if (found.kind !== 'ok') return waiting(attempt);
  return { kind: 'mailed', attemptId: attempt.id, runnerId: found.runner.id, runnerName: name };
}

const waiting = (attempt: Attempt, reason: WaitReason = 'boot-pending'): MailOutcome => ({
  kind: 'waiting',
  attemptId: attempt.id,
  reason,
});

/** Decides whose the taken name is. Only a runner that no instance can have the JIT config of is deleted. */
async function clearName(
  deps: DispatchDeps,
  pool: Pool,
  attempt: Attempt,
  name: string,
): Promise<MailOutcome | 'cleared'> {
  const mail = await deps.mailbox.read([userId(pool, attempt)]);
  if (mail === 'unavailable') return waiting(attempt);
  const found = await deps.github.findRunner(attempt.installationId, pool.scope, name);
  if (found.kind === 'gone') return mail.some(holdsLetter) ? waiting(attempt) : 'cleared';
  if (found.kind !== 'ok') return failed(deps, attempt, found);
  if (mail.some(holdsLetter))
    return { kind: 'mailed', attemptId: attempt.id, runnerId: found.runner.id, runnerName: name };
  const deleted = await deps.github.deleteRunner(attempt.installationId, pool.scope, found.runner.id);
  if (deleted.kind === 'deleted' || deleted.kind === 'gone') return 'cleared';
  return deleted.kind === 'busy' ? waiting(attempt) : failed(deps, attempt, deleted);
}

const holdsLetter = (mail: { readonly given: boolean }) => mail.given;
const userId = (pool: Pool, attempt: Attempt) => userIdOf(pool.roleId, attempt.instanceId as string);

const REASON_OF: Record<GitHubFailure['kind'], WaitReason> = {
  throttled: 'github-throttled',
  unavailable: 'github-unavailable',
  auth: 'github-auth',
  refused: 'github-refused',
};

/** Where GitHub throttled without saying for how long, a minute is its usual window. */
const UNSAID_RETRY_MS = 60_000;

function failed(deps: DispatchDeps, attempt: Attempt, failure: GitHubFailure): MailOutcome {
  deps.log({ event: 'register-failed', attempt: attempt.id, kind: failure.kind, detail: failure.detail });
  const retryAfterMs = failure.kind === 'throttled' ? (failure.retryAfterMs ?? UNSAID_RETRY_MS) : undefined;
  return { kind: 'waiting', attemptId: attempt.id, reason: REASON_OF[failure.kind], retryAfterMs };
}
