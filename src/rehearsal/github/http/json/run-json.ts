import { nodeId, senderJson, timeJson } from '../../model/json/account-json.ts';
import { minimalRepositoryJson } from '../../model/json/repository-json.ts';
import { conclusionOf, runStatus } from '../../model/run-status.ts';
import type { GitHubState } from '../../model/state.ts';
import type { RunRecord } from '../../model/types.ts';

/** The file of a run has no record of its own here: any number does. */
const WORKFLOW_ID = 162_335;

export function runJson(state: GitHubState, run: RunRecord) {
  const repositoryUrl = `${state.origin}/repos/${run.repository.fullName}`;
  const url = `${repositoryUrl}/actions/runs/${run.id}`;
  const repository = minimalRepositoryJson(state, run.repository);
  const actor = senderJson(state);
  const createdAt = timeJson(run.createdAt);
  return {
    id: run.id,
    name: run.run.name,
    node_id: nodeId('WFR', run.id),
    head_branch: run.trigger.branch,
    head_sha: run.trigger.sha,
    path: run.trigger.path,
    display_title: run.run.name,
    run_number: run.number,
    run_attempt: run.attempt,
    event: run.trigger.event,
    status: runStatus(run),
    conclusion: conclusionOf(run) ?? null,
    workflow_id: WORKFLOW_ID,
    url,
    html_url: `${state.origin}/${run.repository.fullName}/actions/runs/${run.id}`,
    pull_requests: [],
    created_at: createdAt,
    updated_at: timeJson(run.updatedAt),
    run_started_at: timeJson(run.startedAt),
    actor,
    triggering_actor: actor,
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${repositoryUrl}/check-suites/${run.id}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: run.attempt === 1 ? null : `${url}/attempts/${run.attempt - 1}`,
    workflow_url: `${repositoryUrl}/actions/workflows/${WORKFLOW_ID}`,
    head_commit: {
      id: run.trigger.sha,
      tree_id: run.trigger.sha,
      message: run.run.name,
      timestamp: createdAt,
      author: { name: actor.login, email: 'rehearsal@example.com' },
      committer: { name: actor.login, email: 'rehearsal@example.com' },
    },
    repository,
    head_repository: repository,
  };
}
