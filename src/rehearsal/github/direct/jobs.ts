import type { FindJobOutcome, GitHubJob, GitHubJobs, JobsOutcome } from '../../../core/ports.ts';
import type { GitHubModel } from '../model/model.ts';
import { conclusionOf, runStatus } from '../model/run-status.ts';
import type { JobRecord } from '../model/types.ts';
import { type Access, admitInstallation, wholeSeconds } from './admit.ts';

const MOST_RUNS = 10;
const MOST_JOBS = 100;

export const directJobs = (model: GitHubModel): GitHubJobs => ({
  findJob: async (installationId, repository, jobId) => findJob(model, installationId, repository, jobId),
  unfinishedJobs: async (installationId, repository, status) =>
    unfinishedJobs(model, installationId, repository, status),
  rerunJob: async (installationId, repository, jobId) => rerunJob(model, installationId, repository, jobId),
});

const admit = (model: GitHubModel, installationId: number, access: Access) =>
  admitInstallation(model, installationId, 'actions', access);

function jobIn(model: GitHubModel, repository: string, jobId: string): JobRecord | undefined {
  const job = model.findJob(Number(jobId));
  return job && job.run.repository === model.findRepository(repository) ? job : undefined;
}

function findJob(model: GitHubModel, installationId: number, repository: string, jobId: string): FindJobOutcome {
  const refusal = admit(model, installationId, 'read');
  if (refusal) return refusal;
  const record = jobIn(model, repository, jobId);
  if (!record) return { kind: 'gone' };
  const job = jobOf(record);
  if (job.status !== 'queued') return { kind: 'ok', job };
  const refusedRun = admit(model, installationId, 'read');
  if (refusedRun) return refusedRun;
  const conclusion = conclusionOf(record.run);
  return { kind: 'ok', job: conclusion === undefined ? job : { ...job, status: 'completed', conclusion } };
}

function unfinishedJobs(
  model: GitHubModel,
  installationId: number,
  fullName: string,
  status: 'queued' | 'in_progress',
): JobsOutcome {
  const refusal = admit(model, installationId, 'read');
  if (refusal) return refusal;
  const repository = model.findRepository(fullName);
  const runs = [...model.state.runs.values()]
    .reverse()
    .filter((run) => run.repository === repository && runStatus(run) === status)
    .slice(0, MOST_RUNS);
  const jobs: GitHubJob[] = [];
  for (const run of runs) {
    const refusedJobs = admit(model, installationId, 'read');
    if (refusedJobs) return refusedJobs;
    jobs.push(...[...run.jobs.values()].slice(0, MOST_JOBS).map(jobOf));
  }
  return { kind: 'ok', jobs, private: runs[0]?.repository.private === true, calls: 1 + runs.length };
}

async function rerunJob(
  model: GitHubModel,
  installationId: number,
  repository: string,
  jobId: string,
): ReturnType<GitHubJobs['rerunJob']> {
  const refusal = admit(model, installationId, 'write');
  if (refusal) return refusal;
  const job = jobIn(model, repository, jobId);
  if (!job) return { kind: 'refused', detail: '404 Not Found' };
  switch (model.rerunJob(job.id)) {
    case 'queued':
      return { kind: 'ok' };
    case 'running':
      return { kind: 'not-yet' };
    default:
      return { kind: 'auth', detail: '403 This workflow run cannot be retried' };
  }
}

const jobOf = (job: JobRecord): GitHubJob => ({
  id: String(job.id),
  status: job.status,
  ...(job.conclusion ? { conclusion: job.conclusion } : {}),
  ...(job.runner ? { runnerName: job.runner.name } : {}),
  name: job.name,
  labels: job.labels,
  createdAt: wholeSeconds(job.createdAt),
});
