import { nodeId, ownerJson, timeJson } from '../../model/json/account-json.ts';
import { permissionsOf } from '../../model/permissions.ts';
import type { GitHubState } from '../../model/state.ts';

const EVENTS = ['workflow_job'];

export function appJson(state: GitHubState) {
  const { app } = state.options;
  const at = timeJson(state.startedAt);
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId('A', app.id),
    owner: ownerJson(state),
    name: app.slug,
    description: null,
    external_url: state.origin,
    html_url: `${state.origin}/apps/${app.slug}`,
    created_at: at,
    updated_at: at,
    permissions: permissionsOf(state),
    events: EVENTS,
    installations_count: 1,
  };
}

export function installationJson(state: GitHubState) {
  const { app, installation } = state.options;
  const account = ownerJson(state);
  const at = timeJson(state.startedAt);
  return {
    id: installation.id,
    account,
    repository_selection: 'all',
    access_tokens_url: `${state.origin}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${state.origin}/installation/repositories`,
    html_url: `${state.origin}/organizations/${account.login}/settings/installations/${installation.id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: 'Organization',
    permissions: permissionsOf(state),
    events: EVENTS,
    created_at: at,
    updated_at: at,
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: null,
  };
}
