import type { RunStep } from '../../../workflow/types.ts';
import type { GitHubState } from '../state.ts';
import type { JobRecord } from '../types.ts';
import { nodeId, timeJson } from './account-json.ts';

/** A job as it is now: the same object in events and in REST replies. */
export function jobJson(state: GitHubState, job: JobRecord) {
  const { run } = job;
  const repositoryUrl = `${state.origin}/repos/${run.repository.fullName}`;
  return {
    id: job.id,
    run_id: run.id,
    workflow_name: run.run.name,
    head_branch: run.trigger.branch,
    run_url: `${repositoryUrl}/actions/runs/${run.id}`,
    run_attempt: job.attempt,
    node_id: nodeId('CR', job.id),
    head_sha: run.trigger.sha,
    url: `${repositoryUrl}/actions/jobs/${job.id}`,
    html_url: `${state.origin}/${run.repository.fullName}/actions/runs/${run.id}/job/${job.id}`,
    status: job.status,
    conclusion: job.conclusion ?? null,
    created_at: timeJson(job.createdAt),
    // GitHub gives a queued job a start, too: the time at which it was queued.
    started_at: timeJson(job.startedAt ?? job.createdAt),
    completed_at: job.completedAt === undefined ? null : timeJson(job.completedAt),
    name: job.name,
    steps: stepsOf(job).map((step) => stepJson(step, job)),
    check_run_url: `${repositoryUrl}/check-runs/${job.id}`,
    labels: job.labels,
    ...runnerFields(job),
  };
}

function runnerFields({ runner, conclusion }: JobRecord) {
  if (runner) {
    const { group } = runner;
    return { runner_id: runner.id, runner_name: runner.name, runner_group_id: group.id, runner_group_name: group.name };
  }
  // Cancelled before any runner took it: GitHub sends empty values, not null.
  if (conclusion === 'cancelled') return { runner_id: 0, runner_name: '', runner_group_id: 0, runner_group_name: '' };
  return { runner_id: null, runner_name: null, runner_group_id: null, runner_group_name: null };
}

/** A job that waits has no steps yet, neither here nor at GitHub. */
function stepsOf(job: JobRecord): readonly RunStep[] {
  if (job.status !== 'in_progress') return job.finalSteps ?? [];
  return job.run.run.jobs.find(({ key }) => key === job.key)?.steps ?? [];
}

function stepJson(step: RunStep, job: JobRecord) {
  const times = job.stepTimes.get(step.number);
  // A step that was skipped or never came to run gets the time at which its job ended.
  const completedAt = step.status === 'completed' ? (times?.completedAt ?? job.completedAt) : undefined;
  const startedAt = times?.startedAt ?? completedAt;
  return {
    name: step.name,
    status: step.status,
    conclusion: step.conclusion ?? null,
    number: step.number,
    started_at: startedAt === undefined ? null : timeJson(startedAt),
    completed_at: completedAt === undefined ? null : timeJson(completedAt),
  };
}
