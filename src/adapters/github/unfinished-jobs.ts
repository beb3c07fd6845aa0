/** Jobs of a repository that may wait for a runner: for those whose webhook never came. */
import type { GitHubFailure, GitHubJob, JobsOutcome } from '../../core/ports.ts';
import { failureOf, unreadable } from './classify.ts';
import type { GitHubRequest } from './client.ts';
import type { GitHubAccess } from './installation-call.ts';
import { isJobBody, jobOf } from './job-of.ts';
import { repositoryPath } from './runners-path.ts';

/** What is beyond is found when these are done. */
const MOST_RUNS = 10;
const MOST_JOBS = 100;

export async function unfinishedJobs(
  access: GitHubAccess,
  installationId: number,
  repository: string,
  status: 'queued' | 'in_progress',
): Promise<JobsOutcome> {
  const path = `${repositoryPath(repository)}/actions/runs`;
  const runs = await list(access, installationId, `${path}?status=${status}&per_page=${MOST_RUNS}`, 'workflow_runs');
  if (runs.kind !== 'ok') return runs;
  const found = runs.items as readonly RunBody[];
  const read = await Promise.all(found.map(({ id }) => jobsOf(access, installationId, `${path}/${id}/jobs`)));
  const jobs: GitHubJob[] = [];
  for (const some of read) {
    if (some.kind !== 'ok') return some;
    jobs.push(...some.jobs);
  }
  return { kind: 'ok', jobs, private: found[0]?.repository?.private === true, calls: 1 + found.length };
}

interface RunBody {
  readonly id: number;
  readonly repository?: { readonly private?: boolean };
}

type Jobs = { readonly kind: 'ok'; readonly jobs: readonly GitHubJob[] } | GitHubFailure;

async function jobsOf(access: GitHubAccess, installationId: number, path: string): Promise<Jobs> {
  const read = await list(access, installationId, `${path}?filter=latest&per_page=${MOST_JOBS}`, 'jobs');
  return read.kind === 'ok' ? { kind: 'ok', jobs: read.items.filter(isJobBody).map(jobOf) } : read;
}

type Listed = { readonly kind: 'ok'; readonly items: readonly unknown[] } | GitHubFailure;

/** A repository or run that is not there has none. */
async function list(
  { call, clock }: GitHubAccess,
  installationId: number,
  path: string,
  name: string,
): Promise<Listed> {
  const request: GitHubRequest = { method: 'GET', path, repeatable: true };
  const reply = await call(installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status === 404) return { kind: 'ok', items: [] };
  if (reply.status !== 200) return failureOf(request, reply, clock());
  const items = (reply.body as Readonly<Record<string, unknown>> | undefined)?.[name];
  return Array.isArray(items) ? { kind: 'ok', items } : unreadable(request, reply);
}
