/**
 * Applies one GitHub event to the job it names and to the attempts it concerns. Pure; events may come late, twice and
 * out of order.
 *
 * A taken runner is a swap, not a launch:
 *
 *   before        attempt a is meant for Y,  attempt b is meant for X
 *   in_progress   X runs on the runner of a
 *   after         a runs X,                  b is meant for Y
 */
import { isSupply, nextAttemptState } from '../attempt-machine.ts';
import { isExpired } from '../job-age.ts';
import { nextJobState } from '../job-machine.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { JobMessage } from '../messages.ts';
import { attemptIdOfRunner } from '../names.ts';
import { noteWorking } from '../pool-health.ts';
import type { Attempt, Job } from '../types.ts';
import { noteMatched } from '../unmatched.ts';
import { withoutAttempt } from './waiting-job.ts';

export function foldJobEvent(ledger: Ledger, message: JobMessage, deploymentId: string): void {
  const pool = message.pool ?? findAttempt(ledger, message.runnerName, deploymentId)?.pool;
  const before = ledger.job(message.jobId) ?? (pool === undefined ? undefined : newJob(message, pool, ledger.now));
  // No pool, no record, and the runner is none of ours after all: nothing to us.
  if (!before || isLateNews(before, message, ledger.now)) return;
  const state = nextJobState(before.state, message.action);
  if (state === before.state) return;
  const wantedAt = before.state === 'HELD' && state === 'WANTED' ? ledger.now : before.wantedAt;
  const job: Job = { ...before, state, wantedAt, reason: reasonIn(state), retryAt: undefined };
  ledger.setJob(job);
  if (state === 'RUNNING') startJob(ledger, job, message, deploymentId);
  if (state === 'DONE') finishJob(ledger, job, message, deploymentId);
}

/** A job that we never heard of, and that GitHub has cancelled by now. */
const isLateNews = (job: Job, { action }: JobMessage, now: number) =>
  job.state === 'NEW' && action === 'queued' && isExpired(job, now);

/** Of one that is told of late, GitHub is asked first whether it still waits: what came meanwhile may be late as well. */
const newJob = (message: JobMessage, pool: string, now: number): Job => ({
  id: message.jobId,
  v: 0,
  state: 'NEW',
  pool,
  repository: message.repository,
  installationId: message.installationId,
  name: message.name,
  createdAt: message.createdAt,
  attempts: 0,
  failures: 0,
  ...(now - message.createdAt >= limits.lateNewsMs ? { lostAt: now } : {}),
});

const reasonIn = (state: Job['state']) => (state === 'HELD' ? 'deployment-approval' : undefined);

function startJob(ledger: Ledger, job: Job, message: JobMessage, deploymentId: string): void {
  ledger.setJob({ ...job, runnerName: message.runnerName, startedAt: ledger.now });
  bindRunner(ledger, job.id, message.runnerName, deploymentId);
}

/** `completed` also says which runner it was: it may be the first event to do so, or the only one. */
function finishJob(ledger: Ledger, job: Job, message: JobMessage, deploymentId: string): void {
  ledger.setJob({ ...job, conclusion: message.conclusion, completedAt: ledger.now });
  const runner = message.runnerName ?? job.runnerName;
  const attempt = bindRunner(ledger, job.id, runner, deploymentId);
  if (!attempt) return;
  ledger.setAttempt({ ...attempt, finishedAt: ledger.now });
  if (attempt.reclaimedAt !== undefined && message.conclusion === 'failure')
    ledger.setJob({ ...(ledger.job(job.id) as Job), rerunDue: true });
}

/**
 * Ties the job to the attempt whose runner has it, and settles what that leaves open: the job that this attempt was
 * meant for, and the attempt that was meant for this job. Returns the attempt, if the runner is one of ours.
 */
function bindRunner(
  ledger: Ledger,
  jobId: string,
  runnerName: string | undefined,
  deploymentId: string,
): Attempt | undefined {
  const job = ledger.job(jobId) as Job;
  const taken = findAttempt(ledger, runnerName, deploymentId);
  const own = job.attemptId ? ledger.attempt(job.attemptId) : undefined;
  if (taken) noteServed(ledger, taken, job);
  if (taken && own?.id === taken.id) return setBusy(ledger, taken, jobId);

  const displaced = taken?.jobId !== undefined && taken.jobId !== jobId ? ledger.job(taken.jobId) : undefined;
  ledger.setJob({ ...job, attemptId: taken?.id, displacedJobId: displaced?.id });
  const busy = taken && setBusy(ledger, taken, jobId);
  const free = own && isSupply(own.state) ? own : undefined;
  if (displaced?.state === 'LAUNCHING' && displaced.attemptId === taken?.id) handOver(ledger, displaced, free);
  else if (free) setSpare(ledger, free);
  return busy;
}

/** Its pool works, and its runner group admits the repository. */
function noteServed(ledger: Ledger, { pool }: Attempt, job: Job): void {
  noteWorking(ledger, pool);
  if (pool === job.pool) noteMatched(ledger, job);
}

function findAttempt(ledger: Ledger, runnerName: string | undefined, deploymentId: string): Attempt | undefined {
  const id = runnerName === undefined ? undefined : attemptIdOfRunner(deploymentId, runnerName);
  return id === undefined ? undefined : ledger.attempt(id);
}

function setBusy(ledger: Ledger, attempt: Attempt, jobId: string): Attempt {
  const busy: Attempt = {
    ...attempt,
    state: nextAttemptState(attempt.state, 'runner-busy'),
    jobId,
    spareSince: undefined,
    // GitHub has just told of it.
    runnerMissingSince: undefined,
  };
  ledger.setAttempt(busy);
  return busy;
}

/** The displaced job inherits the free attempt; without one it is wanted again. */
function handOver(ledger: Ledger, displaced: Job, free: Attempt | undefined): void {
  if (free) {
    ledger.setAttempt({ ...free, jobId: displaced.id, spareSince: undefined });
    ledger.setJob({ ...displaced, attemptId: free.id });
  } else {
    ledger.setJob({ ...withoutAttempt(displaced, ledger.now), reason: 'runner-taken' });
  }
}

/** Nobody needs it for now: the next waiting job inherits it, or it is ended when it has idled for long enough. */
function setSpare(ledger: Ledger, attempt: Attempt): void {
  ledger.setAttempt({ ...attempt, jobId: undefined, spareSince: ledger.now });
}
