import type { GitHubState } from '../../model/state.ts';
import type { RunnerGroup, RunnerRecord } from '../../model/types.ts';

/** Labels that a runner has by itself; all others are "custom". */
const OWN_LABELS = new Set(['self-hosted', 'linux', 'windows', 'macos', 'x64', 'arm64', 'arm']);

export const runnerJson = (runner: RunnerRecord) => ({
  id: runner.id,
  name: runner.name,
  os: runner.os,
  status: runner.online ? 'online' : 'offline',
  busy: runner.busy,
  ephemeral: runner.ephemeral,
  runner_group_id: runner.group.id,
  version: runner.version ?? null,
  labels: runner.labels.map((name, index) => ({
    id: index + 1,
    name,
    type: OWN_LABELS.has(name.toLowerCase()) ? 'read-only' : 'custom',
  })),
});

export function runnerGroupJson(state: GitHubState, group: RunnerGroup) {
  const url = `${state.origin}/orgs/${state.options.installation.organization}/actions/runner-groups/${group.id}`;
  return {
    id: group.id,
    name: group.name,
    visibility: group.visibility,
    default: group.id === 1,
    ...(group.visibility === 'selected' && { selected_repositories_url: `${url}/repositories` }),
    runners_url: `${url}/runners`,
    hosted_runners_url: `${url}/hosted-runners`,
    inherited: false,
    allows_public_repositories: group.allowsPublicRepositories,
    restricted_to_workflows: false,
    selected_workflows: [],
    workflow_restrictions_read_only: false,
  };
}
