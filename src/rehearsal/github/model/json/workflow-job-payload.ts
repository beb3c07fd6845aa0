import type { GitHubState } from '../state.ts';
import type { Delivery, JobRecord, RepositoryRecord } from '../types.ts';
import { nodeId, organizationJson, senderJson } from './account-json.ts';
import { jobJson } from './job-json.ts';
import { repositoryJson } from './repository-json.ts';

/** The body of a `workflow_job` event, sent to the webhook of a GitHub App. */
export function workflowJobPayload(state: GitHubState, action: Delivery['action'], job: JobRecord): object {
  return { action, workflow_job: jobJson(state, job), ...constantParts(state, job.run.repository) };
}

/** Most of the payload is the same for all events of a repository: made once, and shared. */
function constantParts(state: GitHubState, repository: RepositoryRecord): object {
  const known = state.payloadParts.get(repository);
  if (known) return known;
  const { id } = state.options.installation;
  const parts = {
    repository: repositoryJson(state, repository),
    organization: organizationJson(state),
    sender: senderJson(state),
    installation: { id, node_id: nodeId('MDIz', id) },
  };
  state.payloadParts.set(repository, parts);
  return parts;
}
