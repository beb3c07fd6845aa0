import type { Scope } from '../../core/types.ts';

/** Where the runners of a scope are: `/orgs/ORG/actions/runners` or `/repos/OWNER/NAME/actions/runners`. */
export const runnersPath = (scope: Scope) => `${ownerPath(scope)}/actions/runners`;

const ownerPath = (scope: Scope) =>
  scope.kind === 'organization'
    ? `/orgs/${encodeURIComponent(scope.organization)}`
    : `/repos/${scope.repository.split('/').map(encodeURIComponent).join('/')}`;
