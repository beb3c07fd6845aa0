/** Applies what EC2 says of an instance to its attempt, and to the job that was waiting for it. Pure. */
import { isClosedAttempt, isSupply, nextAttemptState } from '../attempt-machine.ts';
import { nextJobState } from '../job-machine.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { Attempt, Job } from '../types.ts';

/** Returns the attempt that ended now, if the instance is ours and this is news. */
export function foldInstanceGone(ledger: Ledger, instanceId: string): Attempt | undefined {
  const attempt = ledger.attemptOfInstance(instanceId);
  if (attempt && isClosedAttempt(attempt.state)) return undefined;
  ledger.noteGone(instanceId);
  return attempt && endOf(ledger, attempt);
}

/** The attempt's instance is gone: its room is free, and the job that waits for it is told. */
export function endOf(ledger: Ledger, attempt: Attempt): Attempt {
  const gone: Attempt = { ...attempt, state: nextAttemptState(attempt.state, 'instance-gone') };
  ledger.setAttempt(gone);
  ledger.reserve(attempt.pool, -1);
  if (attempt.jobId) loseAttempt(ledger, attempt.jobId, attempt.id);
  return gone;
}

/**
 * EC2 takes the instance back in two minutes. A runner that is busy is left alone: its job may still end in time. One that
 * is not shall take no job any more, and the job that waits for it gets another at once: it did nothing wrong, so that is
 * no failure of its. Returns the attempt to end, if there is one.
 */
export function foldSpotWarning(ledger: Ledger, instanceId: string): Attempt | undefined {
  const attempt = ledger.attemptOfInstance(instanceId);
  if (!attempt) return undefined;
  // Repeated after a crash: the intent is stored, the end may not have happened.
  if (attempt.state === 'ENDING') return attempt;
  if (!isSupply(attempt.state)) return undefined;
  const ending: Attempt = {
    ...attempt,
    state: nextAttemptState(attempt.state, 'end'),
    jobId: undefined,
    reason: 'spot-reclaimed',
  };
  ledger.setAttempt(ending);
  const job = attempt.jobId === undefined ? undefined : waitingJob(ledger, attempt.jobId, attempt.id);
  if (job) {
    const state = nextJobState(job.state, 'attempt-lost');
    ledger.setJob({ ...job, state, attemptId: undefined, reason: 'spot-reclaimed', retryAt: undefined });
  }
  return ending;
}

/** The job waits again, if it was waiting for this attempt. A running one is GitHub's to end. */
function loseAttempt(ledger: Ledger, jobId: string, attemptId: string): void {
  const job = waitingJob(ledger, jobId, attemptId);
  if (!job) return;
  const failures = job.failures + 1;
  const isSpent = failures >= limits.attemptsWithoutJob;
  ledger.setJob({
    ...job,
    state: nextJobState(job.state, 'attempt-lost'),
    attemptId: undefined,
    failures,
    reason: isSpent ? 'attempts-spent' : 'instance-lost',
    retryAt: ledger.now + (isSpent ? limits.slowRetryMs : limits.replaceMs),
  });
}

/** The job, while it waits for this very attempt. */
function waitingJob(ledger: Ledger, jobId: string, attemptId: string): Job | undefined {
  const job = ledger.job(jobId);
  return job?.state === 'LAUNCHING' && job.attemptId === attemptId ? job : undefined;
}
