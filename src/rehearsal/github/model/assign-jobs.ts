import { type GitHubState, now } from './state.ts';
import type { JobRecord, RepositoryRecord, RunnerGroup, RunnerRecord } from './types.ts';

/**
 * Gives waiting jobs to idle runners: the first job in the queue to the longest-online runner that may take it,
 * whichever job that runner was launched for. GitHub promises no more.
 */
export function assignJobs(state: GitHubState): void {
  for (const job of state.waiting) {
    if (state.idle.size === 0) return;
    const runner = firstMatch(state, job);
    if (runner) assign(state, job, runner);
  }
}

function firstMatch(state: GitHubState, job: JobRecord): RunnerRecord | undefined {
  for (const runner of state.idle) if (mayTake(runner, job)) return runner;
  return undefined;
}

export function mayTake(runner: RunnerRecord, job: JobRecord): boolean {
  const { repository } = job.run;
  if (!job.wants.every((label) => runner.offers.has(label))) return false;
  if (runner.repository) return runner.repository === repository && job.group === undefined;
  if (job.group !== undefined && job.group.toLowerCase() !== runner.group.name.toLowerCase()) return false;
  return admits(runner.group, repository);
}

function admits(group: RunnerGroup, repository: RepositoryRecord): boolean {
  if (!repository.private && !group.allowsPublicRepositories) return false;
  switch (group.visibility) {
    case 'all':
      return true;
    case 'private':
      return repository.private;
    case 'selected':
      return group.selectedRepositories.some((name) => name.toLowerCase() === repository.fullName.toLowerCase());
  }
}

function assign(state: GitHubState, job: JobRecord, runner: RunnerRecord): void {
  state.waiting.delete(job);
  state.idle.delete(runner);
  job.assignedTo = runner;
  runner.job = job;
  state.due.acquire.touch(job, now(state));
  state.changed = true;
}

/** Takes the job from the runner that it is assigned to, if any. The caller says what becomes of both. */
export function unassign(state: GitHubState, job: JobRecord): RunnerRecord | undefined {
  const runner = job.assignedTo;
  if (!runner) return undefined;
  job.assignedTo = undefined;
  runner.job = undefined;
  state.due.acquire.drop(job);
  state.changed = true;
  return runner;
}
