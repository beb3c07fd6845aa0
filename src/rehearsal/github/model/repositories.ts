import { type GitHubState, nextId, now } from './state.ts';
import type { RepositoryRecord, RunnerGroup } from './types.ts';

/** Adds a repository to the organisation. Throws when it is there already. */
export function addRepository(state: GitHubState, wanted: { name: string; private: boolean }): RepositoryRecord {
  const fullName = `${state.options.installation.organization}/${wanted.name}`;
  if (findRepository(state, fullName)) throw new Error(`the repository ${fullName} was added before`);
  const repository: RepositoryRecord = {
    id: nextId(state, 'repository'),
    name: wanted.name,
    fullName,
    private: wanted.private,
    createdAt: now(state),
  };
  state.repositories.set(fullName.toLowerCase(), repository);
  return repository;
}

/** "owner/name", in any case. */
export const findRepository = (state: GitHubState, fullName: string) => state.repositories.get(fullName.toLowerCase());

/** Adds a runner group to the organisation; its id is new. The id 1, "Default", is always there. */
export function addRunnerGroup(state: GitHubState, wanted: Omit<RunnerGroup, 'id'>): RunnerGroup {
  const group = { ...wanted, id: nextId(state, 'group') };
  state.groups.set(group.id, group);
  return group;
}
