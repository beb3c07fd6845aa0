import type { GitHubState } from '../state.ts';

/** Ids of accounts follow from nothing else; any constants do. */
const ORGANIZATION_ID = 38_302_899;
const SENDER = { login: 'mayfly-rehearsal', id: 21_031_067 };

/** GitHub's times have no milliseconds. */
export const timeJson = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Opaque to everybody, as GitHub's are. */
export const nodeId = (prefix: string, id: number) => `${prefix}_${Buffer.from(String(id)).toString('base64url')}`;

/** The organisation, as the owner of a repository or the account of an installation. */
export const ownerJson = (state: GitHubState) =>
  accountJson(state, { login: state.options.installation.organization, id: ORGANIZATION_ID }, 'Organization');

/** The person behind every run. */
export const senderJson = (state: GitHubState) => accountJson(state, SENDER, 'User');

export function organizationJson(state: GitHubState) {
  const login = state.options.installation.organization;
  const url = `${state.origin}/orgs/${login}`;
  return {
    login,
    id: ORGANIZATION_ID,
    node_id: nodeId('O', ORGANIZATION_ID),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${state.origin}/avatars/${ORGANIZATION_ID}`,
    description: null,
  };
}

function accountJson(state: GitHubState, { login, id }: { login: string; id: number }, type: 'Organization' | 'User') {
  const url = `${state.origin}/users/${login}`;
  return {
    login,
    id,
    node_id: nodeId(type === 'User' ? 'U' : 'O', id),
    avatar_url: `${state.origin}/avatars/${id}`,
    gravatar_id: '',
    url,
    html_url: `${state.origin}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    user_view_type: 'public',
    site_admin: false,
  };
}
