/**
 * Asks GitHub how jobs stand, and records the answers: an event may have been lost, and nothing is launched a second time
 * for a job that does not wait any more.
 */
import { change } from '../change.ts';
import type { WaitReason } from '../codes.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { JobMessage } from '../messages.ts';
import { attemptIdOfRunner } from '../names.ts';
import type { FindJobOutcome, GitHubFailure, GitHubJob, Key } from '../ports.ts';
import { attemptKey, jobKey } from '../records.ts';
import type { Job } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { foldJobEvent } from './fold-job-event.ts';
import { REASON_OF } from './github-reason.ts';
import { needsCheck, planKeys } from './plan-pool.ts';

interface Answer {
  readonly id: string;
  readonly outcome: FindJobOutcome;
}

/** What else an answer means, to whoever asked; in the same change. */
export type Then = (ledger: Ledger, jobId: string, outcome: FindJobOutcome) => void;

/** False: not all answers could be recorded. */
export async function askJobs(deps: DispatchDeps, jobs: readonly Job[], then: Then = () => {}): Promise<boolean> {
  const answers = await Promise.all(jobs.map((job) => ask(deps, job)));
  let isRecorded = true;
  // Few at a time, so that all that they set off fits into a transaction.
  for (let at = 0; at < answers.length; at += limits.dispatchBatch)
    isRecorded = (await record(deps, answers.slice(at, at + limits.dispatchBatch), then)) && isRecorded;
  return isRecorded;
}

async function ask(deps: DispatchDeps, { id, installationId, repository }: Job): Promise<Answer> {
  const outcome = await deps.jobs.findJob(installationId, repository, id);
  deps.log({ event: 'ask-job', job: id, answer: outcome.kind === 'ok' ? outcome.job.status : outcome.kind });
  return { id, outcome };
}

async function record(deps: DispatchDeps, answers: readonly Answer[], then: Then): Promise<boolean> {
  const { deploymentId } = deps;
  const named = answers.flatMap(({ id, outcome }) => [jobKey(id), ...runnerKeys(outcome, deploymentId)]);
  const keys = (ledger: Ledger) => [
    ...named,
    ...planKeys(deps.pools, [...ledger.jobs(), ...ledger.attempts()], ledger.now),
  ];
  const recorded = await change(changeDeps(deps), keys, (ledger) => {
    for (const { id, outcome } of answers) {
      const job = ledger.job(id);
      if (!job) continue;
      ledger.overspend(job.installationId, limits.askPoints);
      foldAnswer(ledger, { ...job, askedAt: ledger.now }, outcome, deploymentId);
      then(ledger, id, outcome);
    }
  });
  return recorded.kind === 'ok';
}

function runnerKeys(outcome: FindJobOutcome, deploymentId: string): Key[] {
  const name = outcome.kind === 'ok' ? outcome.job.runnerName : undefined;
  const attemptId = name === undefined ? undefined : attemptIdOfRunner(deploymentId, name);
  return attemptId === undefined ? [] : [attemptKey(attemptId)];
}

function foldAnswer(ledger: Ledger, job: Job, answer: FindJobOutcome, deploymentId: string): void {
  if (answer.kind === 'gone') foldGone(ledger, job, deploymentId);
  else if (answer.kind === 'ok') foldStatus(ledger, { ...job, checkedAt: ledger.now }, answer.job, deploymentId);
  else foldFailure(ledger, job, answer.kind);
}

function foldStatus(ledger: Ledger, job: Job, found: GitHubJob, deploymentId: string): void {
  ledger.setJob(job);
  if (found.status === 'held') holdBack(ledger, job);
  // Reads lag: one that is queued there and runs here was taken a moment ago.
  else if (found.status !== 'queued' || job.state === 'HELD')
    foldJobEvent(ledger, asMessage(job, found.status, found), deploymentId);
}

/** GitHub may not know a new job for some seconds. */
function foldGone(ledger: Ledger, job: Job, deploymentId: string): void {
  ledger.setJob(job);
  if (ledger.now - job.createdAt < limits.youngJobMs) foldFailure(ledger, job, 'unavailable');
  else foldJobEvent(ledger, asMessage(job, 'completed', { conclusion: 'gone' }), deploymentId);
}

/** What only a person can mend is asked seldom. */
function foldFailure(ledger: Ledger, job: Job, kind: GitHubFailure['kind']): void {
  const reason: WaitReason = kind === 'refused' ? 'job-unreadable' : REASON_OF[kind];
  const afterMs = kind === 'auth' || kind === 'refused' ? limits.slowRetryMs : limits.wakeMs;
  ledger.setJob(needsCheck(job) ? { ...job, reason, retryAt: ledger.now + afterMs } : job);
}

/** It waits for an approval or for other jobs: asked again later. */
function holdBack(ledger: Ledger, job: Job): void {
  if (job.state !== 'WANTED') return;
  const again = { lostAt: ledger.now, checkedAt: undefined, retryAt: ledger.now + limits.heldCheckMs };
  ledger.setJob({ ...job, ...again, reason: 'job-held' });
}

const asMessage = (job: Job, action: JobMessage['action'], known: Partial<GitHubJob>): JobMessage => ({
  kind: 'job',
  action,
  pool: job.pool,
  jobId: job.id,
  name: job.name,
  repository: job.repository,
  installationId: job.installationId,
  createdAt: job.createdAt,
  runnerName: known.runnerName,
  conclusion: known.conclusion,
  delivery: '',
});
