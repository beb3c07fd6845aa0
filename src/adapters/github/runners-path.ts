import type { Scope } from '../../core/types.ts';

/** Where the runners of a scope are: `/orgs/ORG/actions/runners` or `/repos/OWNER/NAME/actions/runners`. */
export const runnersPath = (scope: Scope) => `${ownerPath(scope)}/actions/runners`;

/** `/repos/OWNER/NAME`. */
export const repositoryPath = (repository: string) =>
  `/repos/${repository.split('/').map(encodeURIComponent).join('/')}`;

const ownerPath = (scope: Scope) =>
  scope.kind === 'organization' ? `/orgs/${encodeURIComponent(scope.organization)}` : repositoryPath(scope.repository);
