/** Asks GitHub how a job stands, and takes it from a runner that does not get it. */
import { nextAttemptState } from '../../attempt-machine.ts';
import { askJobs } from '../../dispatch/ask-jobs.ts';
import { loseAttempt, takeAttempt, waitingJob } from '../../dispatch/waiting-job.ts';
import type { Ledger } from '../../ledger.ts';
import { limits } from '../../limits.ts';
import { routeJob } from '../../route-job.ts';
import type { Attempt, Job } from '../../types.ts';
import { noteUnmatched } from '../../unmatched.ts';
import type { ReconcileDeps } from '../deps.ts';
import { isRetired } from '../retired-pools.ts';

export async function askJob(deps: ReconcileDeps, job: Job): Promise<void> {
  await askJobs(deps, [job], (ledger, jobId, outcome) => {
    if (outcome.kind !== 'ok' || outcome.job.status !== 'queued') return;
    letGo(ledger, jobId);
    if (isRetired(deps, job)) moveOn(deps, ledger, jobId, outcome.job.labels);
  });
}

/** Its pool was removed: it goes to another that takes its labels. */
function moveOn(deps: ReconcileDeps, ledger: Ledger, jobId: string, labels: readonly string[]): void {
  const job = ledger.job(jobId);
  if (job?.state !== 'WANTED') return;
  const [owner = '', name = ''] = job.repository.split('/');
  const open = [...deps.pools.values()].filter(({ maxRunners }) => maxRunners > 0);
  // A pool that takes no public repositories had it, so that it is none. Else nobody knows.
  const isPrivate = deps.pools.get(job.pool)?.publicRepositories === false;
  const route = routeJob(labels, { owner, name, private: isPrivate }, open);
  if (route.kind === 'pool') ledger.setJob({ ...job, pool: route.pool.name, reason: undefined, retryAt: undefined });
  else ledger.setJob({ ...job, reason: 'pool-removed', retryAt: ledger.now + limits.slowRetryMs });
}

/** It still waits, whatever its attempt does. */
function letGo(ledger: Ledger, jobId: string): void {
  const job = ledger.job(jobId);
  const attempt = job?.attemptId === undefined ? undefined : ledger.attempt(job.attemptId);
  if (!job || !attempt || waitingJob(ledger, attempt)?.id !== jobId) return;
  if (attempt.state === 'BUSY') leaveTaken(ledger, attempt);
  else if (isIdleForLong(attempt, ledger.now)) leaveUnmatched(ledger, job, attempt);
}

/** Another job has the runner, and nobody told us which. */
function leaveTaken(ledger: Ledger, attempt: Attempt): void {
  ledger.setAttempt({ ...attempt, jobId: undefined });
  takeAttempt(ledger, attempt, 'runner-taken');
}

const isIdleForLong = ({ state, offlineSince, idleSince }: Attempt, now: number) =>
  state === 'IDLE' && offlineSince === undefined && now - (idleSince ?? now) >= limits.unmatchedMs;

/** The runner is to be ended, unless it gets a job meanwhile; the job gets another, or waits. */
function leaveUnmatched(ledger: Ledger, job: Job, attempt: Attempt): void {
  const state = nextAttemptState(attempt.state, 'end');
  ledger.setAttempt({ ...attempt, state, jobId: undefined, reason: 'runner-unmatched', tries: undefined });
  loseAttempt(ledger, attempt, 'runner-unmatched');
  const waiting = ledger.job(job.id) as Job;
  const until = noteUnmatched(ledger, job, attempt.id);
  ledger.setJob({ ...waiting, retryAt: Math.max(until, waiting.retryAt ?? 0) });
}
