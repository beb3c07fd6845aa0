/** The `github` context and the variables that GitHub gives to every step. */

import type { RunContext } from './types.ts';
import type { PlainMap } from './workflow.ts';

/** `jobId`: of the file, not the expanded key. */
export function githubContext(workflowName: string, context: RunContext, jobId: string): PlainMap {
  const owner = context.repository.split('/')[0] ?? '';
  return {
    actor: owner,
    api_url: context.apiUrl,
    base_ref: '',
    event: {},
    event_name: context.event,
    head_ref: '',
    job: jobId,
    ref: context.ref,
    ref_name: context.ref.replace(/^refs\/(heads|tags|pull)\//, ''),
    ref_protected: false,
    ref_type: context.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    repository: context.repository,
    repository_owner: owner,
    run_attempt: '1',
    run_id: String(context.runId),
    run_number: String(context.runNumber),
    server_url: context.serverUrl,
    sha: context.sha,
    token: '',
    triggering_actor: owner,
    workflow: workflowName,
  };
}

const EXPORTED = [
  'actor api_url base_ref event_name head_ref job ref ref_name ref_protected ref_type repository repository_owner',
  'run_attempt run_id run_number server_url sha triggering_actor workflow',
].flatMap((names) => names.split(' '));

/** `GITHUB_*` and `RUNNER_*`, which a workflow can not change. The runner adds the paths that only it knows. */
export function runnerVariables(github: PlainMap, runnerName: string): Record<string, string> {
  const exported = EXPORTED.map((name) => [`GITHUB_${name.toUpperCase()}`, String(github[name] ?? '')]);
  return { ...Object.fromEntries(exported), GITHUB_ACTIONS: 'true', RUNNER_OS: 'Linux', RUNNER_NAME: runnerName };
}
