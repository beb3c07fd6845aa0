/** Asks GitHub how a job stands, and lets a job go that GitHub does not give to the runner that idles beside it. */
import { nextAttemptState } from '../../attempt-machine.ts';
import { change } from '../../change.ts';
import { answerKeys, askJobs, foldAnswers } from '../../dispatch/ask-jobs.ts';
import { changeDeps } from '../../dispatch/deps.ts';
import { loseAttempt, waitingJob } from '../../dispatch/lose-attempt.ts';
import { planKeys } from '../../dispatch/plan-pool.ts';
import type { Ledger } from '../../ledger.ts';
import { limits } from '../../limits.ts';
import { jobKey } from '../../records.ts';
import type { Job } from '../../types.ts';
import { noteUnmatched } from '../../unmatched.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function askJob(deps: ReconcileDeps, job: Job, isIdle: boolean): Promise<void> {
  const answers = await askJobs(deps, [job]);
  const keys = (ledger: Ledger) => [
    jobKey(job.id),
    ...answerKeys(answers, deps.deploymentId),
    ...planKeys(deps.pools, [...ledger.jobs(), ...ledger.attempts()], ledger.now),
  ];
  await change(changeDeps(deps), keys, (ledger) => {
    foldAnswers(ledger, answers, deps.deploymentId);
    const answer = answers.get(job.id);
    if (isIdle && answer?.kind === 'ok' && answer.job.status === 'queued') letGo(ledger, job.id);
  });
}

/** The runner is to be ended, unless it gets a job meanwhile; the job gets another, or waits. */
function letGo(ledger: Ledger, jobId: string): void {
  const job = ledger.job(jobId);
  const attempt = job?.attemptId === undefined ? undefined : ledger.attempt(job.attemptId);
  if (!job || attempt?.state !== 'IDLE' || attempt.offlineSince !== undefined) return;
  if (waitingJob(ledger, attempt)?.id !== jobId) return;
  if (ledger.now - (attempt.idleSince ?? ledger.now) < limits.unmatchedMs) return;
  const state = nextAttemptState(attempt.state, 'end');
  ledger.setAttempt({ ...attempt, state, jobId: undefined, reason: 'runner-unmatched' });
  loseAttempt(ledger, attempt, 'runner-unmatched');
  const waiting = ledger.job(jobId) as Job;
  const until = noteUnmatched(ledger, job, attempt.id);
  ledger.setJob({ ...waiting, retryAt: Math.max(until, waiting.retryAt ?? 0) });
}
