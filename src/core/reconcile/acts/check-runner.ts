/**
 * A runner that GitHub does not show while its instance runs.
 *
 *   first 404    noted: a list or an answer may be late
 *   second 404   a minute later, past the boot deadline, and no unfinished job names the runner: its instance can do
 *                nothing any more, and is ended
 *   200          it is there after all
 */
import { isClosedAttempt, nextAttemptState } from '../../attempt-machine.ts';
import { change } from '../../change.ts';
import { askJobs } from '../../dispatch/ask-jobs.ts';
import { changeDeps } from '../../dispatch/deps.ts';
import { closeMailbox, terminate } from '../../dispatch/end-attempt.ts';
import { readLaunchingJobs } from '../../dispatch/read-jobs.ts';
import { loseAttempt } from '../../dispatch/waiting-job.ts';
import type { Ledger } from '../../ledger.ts';
import { limits } from '../../limits.ts';
import { attemptKey } from '../../records.ts';
import type { Attempt } from '../../types.ts';
import { raiseAlarm } from '../alarm.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function checkRunner(deps: ReconcileDeps, attempt: Attempt): Promise<void> {
  const there = await askForRunner(deps, attempt);
  if (there === 'unknown' || (there === 'gone' && !(await isWithoutJob(deps, attempt)))) return;
  const deadlineMs = deps.pools.get(attempt.pool)?.bootDeadlineMs ?? 0;
  const decided = await change(changeDeps(deps), [attemptKey(attempt.id)], (ledger) =>
    there === 'gone' ? noteMissing(ledger, attempt.id, deadlineMs) : noteThere(ledger, attempt.id),
  );
  if (decided.kind !== 'ok' || !decided.result) return;
  raiseAlarm(deps.log, 'runner-gone', { attempt: attempt.id, instance: attempt.instanceId });
  await terminate(deps, attempt);
}

/** Before it is ended, GitHub is asked about the jobs that could be on it: their events may be late. */
async function isWithoutJob(deps: ReconcileDeps, { runnerMissingSince, ...attempt }: Attempt): Promise<boolean> {
  const pool = deps.pools.get(attempt.pool);
  if (runnerMissingSince === undefined || !pool) return true;
  const jobs = await readLaunchingJobs(deps.table, pool, runnerMissingSince);
  return jobs !== 'unavailable' && askJobs(deps, jobs);
}

async function askForRunner(deps: ReconcileDeps, attempt: Attempt): Promise<'there' | 'gone' | 'unknown'> {
  const pool = deps.pools.get(attempt.pool);
  if (!pool) return 'unknown';
  const runnerId = attempt.runnerId ?? (await closeMailbox(deps, pool, attempt));
  if (runnerId === 'closed') return 'gone';
  if (runnerId === undefined) return 'unknown';
  const found = await deps.github.getRunner(deps.installationId, pool.scope, runnerId);
  if (found.kind === 'ok') return 'there';
  return found.kind === 'gone' ? 'gone' : 'unknown';
}

/** Returns whether the instance is to be terminated. */
function noteMissing(ledger: Ledger, id: string, bootDeadlineMs: number): boolean {
  const attempt = ledger.attempt(id);
  if (!attempt) return false;
  const since = attempt.runnerMissingSince;
  if (since === undefined || ledger.now - since < limits.secondLookMs) {
    if (since === undefined) ledger.setAttempt({ ...attempt, runnerMissingSince: ledger.now });
    return false;
  }
  if (hasUnfinishedJob(ledger, attempt)) return false;
  if (ledger.now - (attempt.launchedAt ?? ledger.now) < bootDeadlineMs) return false;
  if (isClosedAttempt(attempt.state)) return true;
  const event = attempt.state === 'BUSY' ? 'end-finished' : 'end';
  ledger.setAttempt({
    ...attempt,
    state: nextAttemptState(attempt.state, event),
    reason: 'runner-ghost',
    runnerMissingSince: undefined,
    runnerDeletedAt: ledger.now,
  });
  loseAttempt(ledger, attempt, 'runner-ghost');
  return true;
}

/** A job that GitHub does not say to be over names this runner. */
const hasUnfinishedJob = (ledger: Ledger, attempt: Attempt) =>
  attempt.jobId !== undefined && ledger.job(attempt.jobId)?.state === 'RUNNING';

function noteThere(ledger: Ledger, id: string): boolean {
  const attempt = ledger.attempt(id);
  if (attempt?.runnerMissingSince !== undefined) ledger.setAttempt({ ...attempt, runnerMissingSince: undefined });
  return false;
}
