/** What becomes of an attempt, to the job that counts on it. Pure. */
import type { ReasonCode } from '../codes.ts';
import { nextJobState } from '../job-machine.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { Attempt, Job } from '../types.ts';

/**
 * The job waits again, if it was waiting for this attempt: a running one is GitHub's to end. It is a failure, and after
 * three of them retries are slow.
 */
export function loseAttempt(ledger: Ledger, attempt: Attempt, reason: ReasonCode): void {
  const job = waitingJob(ledger, attempt);
  if (!job) return;
  const failures = job.failures + 1;
  const isSpent = failures >= limits.attemptsWithoutJob;
  ledger.setJob({
    ...withoutAttempt(job, ledger.now),
    lostInstanceId: attempt.instanceId,
    failures,
    reason: isSpent ? 'attempts-spent' : reason,
    retryAt: ledger.now + (isSpent ? limits.slowRetryMs : limits.replaceMs),
  });
}

/** The same where neither job nor pool did anything wrong: it is replaced at once. */
export function takeAttempt(ledger: Ledger, attempt: Attempt, reason: ReasonCode): void {
  const job = waitingJob(ledger, attempt);
  if (job) ledger.setJob({ ...withoutAttempt(job, ledger.now), reason, retryAt: undefined });
}

/** The job, while it waits for this very attempt. */
export function waitingJob(ledger: Ledger, attempt: Attempt): Job | undefined {
  const job = attempt.jobId === undefined ? undefined : ledger.job(attempt.jobId);
  return job?.state === 'LAUNCHING' && job.attemptId === attempt.id ? job : undefined;
}

/** What kept its attempt is over. Mostly nothing did, and then nothing is written. */
export function noteBooting(ledger: Ledger, attempt: Attempt): void {
  const job = waitingJob(ledger, attempt);
  if (job && job.reason !== 'boot-pending') ledger.setJob({ ...job, reason: 'boot-pending' });
}

/** Wanted again, once GitHub has said that it still waits. */
export const withoutAttempt = (job: Job, now: number): Job => ({
  ...job,
  state: nextJobState(job.state, 'attempt-lost'),
  attemptId: undefined,
  lostAt: now,
});
