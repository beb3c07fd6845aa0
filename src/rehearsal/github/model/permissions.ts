import type { GitHubState } from './state.ts';
import type { Permissions } from './types.ts';

const DEFAULT: Permissions = {
  actions: 'write',
  administration: 'write',
  metadata: 'read',
  organization_self_hosted_runners: 'write',
};

export const permissionsOf = (state: GitHubState) => state.options.installation.permissions ?? DEFAULT;

export function hasPermission(state: GitHubState, name: string, level: 'read' | 'write'): boolean {
  const has = permissionsOf(state)[name];
  return has === 'write' || has === level;
}
