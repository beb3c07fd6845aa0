/** Applies "this instance is terminated" to its attempt, and to the job that was waiting for it. Pure. */
import { isClosedAttempt, nextAttemptState } from '../attempt-machine.ts';
import { nextJobState } from '../job-machine.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { Attempt } from '../types.ts';

/** Returns the attempt that ended now, if the instance is ours and this is news. */
export function foldInstanceGone(ledger: Ledger, instanceId: string): Attempt | undefined {
  const attempt = ledger.attemptOfInstance(instanceId);
  if (!attempt || isClosedAttempt(attempt.state)) return undefined;
  const gone: Attempt = { ...attempt, state: nextAttemptState(attempt.state, 'instance-gone') };
  ledger.setAttempt(gone);
  ledger.reserve(attempt.pool, -1);
  if (attempt.jobId) loseAttempt(ledger, attempt.jobId, attempt.id);
  return gone;
}

/** The job waits again, if it was waiting for this attempt. A running one is GitHub's to end. */
function loseAttempt(ledger: Ledger, jobId: string, attemptId: string): void {
  const job = ledger.job(jobId);
  if (job?.state !== 'LAUNCHING' || job.attemptId !== attemptId) return;
  const failures = job.failures + 1;
  const isSpent = failures >= limits.attemptsWithoutJob;
  ledger.setJob({
    ...job,
    state: nextJobState(job.state, 'attempt-lost'),
    attemptId: undefined,
    failures,
    reason: isSpent ? 'attempts-spent' : 'instance-lost',
    retryAt: isSpent ? ledger.now + limits.slowRetryMs : undefined,
  });
}
