/**
 * Asks GitHub how jobs stand, and folds the answers: an event may have been lost, and nothing is launched a second time
 * for a job that does not wait any more.
 */
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { JobMessage } from '../messages.ts';
import { attemptIdOfRunner } from '../names.ts';
import type { FindJobOutcome, GitHubJob, Key } from '../ports.ts';
import { attemptKey } from '../records.ts';
import type { Job } from '../types.ts';
import type { DispatchDeps } from './deps.ts';
import { foldJobEvent } from './fold-job-event.ts';
import { REASON_OF } from './github-reason.ts';
import { needsCheck } from './plan-pool.ts';

/** By job id. */
export type Answers = ReadonlyMap<string, FindJobOutcome>;

export async function askJobs(deps: DispatchDeps, jobs: readonly Job[]): Promise<Answers> {
  const answers = await Promise.all(
    jobs.map(async ({ id, installationId, repository }) => {
      const answer = await deps.jobs.findJob(installationId, repository, id);
      deps.log({ event: 'ask-job', job: id, answer: answer.kind === 'ok' ? answer.job.status : answer.kind });
      return [id, answer] as const;
    }),
  );
  return new Map(answers);
}

/** What folding the answers reads beside the jobs themselves. */
export const answerKeys = (answers: Answers, deploymentId: string): Key[] =>
  [...answers.values()].flatMap((answer) => {
    const name = answer.kind === 'ok' ? answer.job.runnerName : undefined;
    const attemptId = name === undefined ? undefined : attemptIdOfRunner(deploymentId, name);
    return attemptId === undefined ? [] : [attemptKey(attemptId)];
  });

export function foldAnswers(ledger: Ledger, answers: Answers, deploymentId: string): void {
  for (const [id, answer] of answers) {
    const job = ledger.job(id);
    if (!job) continue;
    ledger.overspend(job.installationId, limits.askPoints);
    foldAnswer(ledger, { ...job, askedAt: ledger.now }, answer, deploymentId);
  }
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
  if (ledger.now - job.createdAt < limits.youngJobMs) foldFailure(ledger, job, 'unavailable');
  else foldJobEvent(ledger, asMessage(job, 'completed', { conclusion: 'gone' }), deploymentId);
}

function foldFailure(ledger: Ledger, job: Job, kind: keyof typeof REASON_OF): void {
  const wait = needsCheck(job) ? { reason: REASON_OF[kind], retryAt: ledger.now + limits.wakeMs } : {};
  ledger.setJob({ ...job, ...wait });
}

/** It waits for an approval or for other jobs: asked again later. */
function holdBack(ledger: Ledger, job: Job): void {
  if (job.state !== 'WANTED') return;
  const again = { lostAt: ledger.now, checkedAt: undefined, retryAt: ledger.now + limits.heldCheckMs };
  ledger.setJob({ ...job, ...again, reason: 'deployment-approval' });
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
