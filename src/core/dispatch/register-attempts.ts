/** Makes a JIT config for each launched attempt, puts it into its instance's mailbox, and records that. */
import { nextAttemptState } from '../attempt-machine.ts';
import { change } from '../change.ts';
import type { WaitReason } from '../codes.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import { attemptKey, paceKey, wakeKey } from '../records.ts';
import type { Attempt, Pool } from '../types.ts';
import { deleteRunner } from './delete-runner.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { type MailOutcome, mailAttempt } from './mail-attempt.ts';
import { noteBooting } from './waiting-job.ts';
import { claimWake } from './wake-later.ts';

export interface Registered {
  readonly wakeMs?: number;
  /** Their registration could not be stored. */
  readonly isUnrecorded: boolean;
}

export async function registerAttempts(
  deps: DispatchDeps,
  pool: Pool,
  attempts: readonly Attempt[],
  known: Ledger,
): Promise<Registered> {
  const [first] = attempts;
  if (!first) return { isUnrecorded: false };
  const runner = known.runnerPackage(pool.platform);
  const outcomes: MailOutcome[] = [];
  for (let from = 0; from < attempts.length; from += limits.concurrentJitConfigs) {
    const some = attempts.slice(from, from + limits.concurrentJitConfigs);
    outcomes.push(...(await Promise.all(some.map((attempt) => mailAttempt(deps, pool, attempt, runner)))));
  }
  const keys = [...attempts.map((one) => attemptKey(one.id)), paceKey(first.installationId), wakeKey(pool.name)];
  const decide = (ledger: Ledger) => {
    const recorded = record(ledger, first.installationId, outcomes);
    return { ...recorded, wakeMs: claimWake(ledger, pool, recorded.wakeMs) };
  };
  const stored = await change(changeDeps(deps), keys, decide, known);
  if (stored.kind === 'failed') return { isUnrecorded: true };
  await Promise.all(stored.result.orphans.map((orphan) => deleteRunner(deps, orphan)));
  return { wakeMs: stored.result.wakeMs, isUnrecorded: false };
}

interface Recorded {
  readonly wakeMs?: number;
  /** Their instance died while the JIT config was made: nobody will ever use the runner. */
  readonly orphans: readonly Attempt[];
}

function record(ledger: Ledger, installationId: number, outcomes: readonly MailOutcome[]): Recorded {
  const orphans: Attempt[] = [];
  let wakeMs: number | undefined;
  for (const outcome of outcomes) {
    const attempt = ledger.attempt(outcome.attemptId) as Attempt;
    if (outcome.kind === 'mailed') {
      const mailed = setMailed(ledger, attempt, outcome);
      if (mailed.state === 'GONE') orphans.push(mailed);
    } else {
      setWaiting(ledger, attempt, outcome.reason);
      if (outcome.retryAfterMs !== undefined) ledger.slowDown(installationId, ledger.now + outcome.retryAfterMs);
      wakeMs = Math.min(wakeMs ?? limits.queueDelayMs, Math.max(limits.wakeMs, outcome.retryAfterMs ?? 0));
    }
  }
  return { wakeMs, orphans };
}

function setMailed(ledger: Ledger, attempt: Attempt, mail: MailOutcome & { kind: 'mailed' }): Attempt {
  const mailed: Attempt = {
    ...attempt,
    state: nextAttemptState(attempt.state, 'mail-given'),
    runnerId: mail.runnerId,
    runnerName: mail.runnerName,
    reason: undefined,
    triedAt: undefined,
    tries: undefined,
  };
  ledger.setAttempt(mailed);
  noteBooting(ledger, mailed);
  return mailed;
}

function setWaiting(ledger: Ledger, attempt: Attempt, reason: WaitReason): void {
  ledger.setAttempt({ ...attempt, reason, triedAt: ledger.now, tries: (attempt.tries ?? 0) + 1 });
  const job = attempt.jobId === undefined ? undefined : ledger.job(attempt.jobId);
  if (job?.state === 'LAUNCHING') ledger.setJob({ ...job, reason });
}
