import type { Scope } from '../../../core/types.ts';
import { encodeJitConfig } from './encode-jit-config.ts';
import { findRepository } from './repositories.ts';
import { type GitHubState, nextGuid, nextId, now } from './state.ts';
import type { RepositoryRecord, RunnerRecord } from './types.ts';

export interface NewRunner {
  readonly name: string;
  readonly runnerGroupId: number;
  readonly labels: readonly string[];
  /** Default "_work". */
  readonly workFolder?: string;
}

export type JitConfigOutcome =
  | { readonly kind: 'ok'; readonly runner: RunnerRecord; readonly encodedJitConfig: string }
  | { readonly kind: 'name-taken' }
  /** The organisation, the repository or the runner group does not exist. */
  | { readonly kind: 'not-found' };

/** Registers an ephemeral runner, offline, and makes what it connects with. */
export function createJitConfig(state: GitHubState, scope: Scope, wanted: NewRunner): JitConfigOutcome {
  const registered = registerRunner(state, scope, { ...wanted, ephemeral: true });
  if (registered.kind !== 'ok') return registered;
  const { runner } = registered;
  return { kind: 'ok', runner, encodedJitConfig: encodeJitConfig(state, runner, wanted.workFolder ?? '_work') };
}

/** A persistent runner, too: as somebody may have registered by hand. */
export function registerRunner(
  state: GitHubState,
  scope: Scope,
  wanted: NewRunner & { readonly ephemeral: boolean },
): { readonly kind: 'ok'; readonly runner: RunnerRecord } | { readonly kind: 'name-taken' | 'not-found' } {
  const place = findPlace(state, scope);
  const group = state.groups.get(wanted.runnerGroupId);
  // A repository has no groups of its own: GitHub knows its runners under "Default".
  if (!place || !group || (place.repository && group.id !== 1)) return { kind: 'not-found' };
  const nameKey = nameKeyOf(place.repository, wanted.name);
  if (state.runnersByName.has(nameKey)) return { kind: 'name-taken' };
  const runner: RunnerRecord = {
    id: nextId(state, 'runner'),
    name: wanted.name,
    repository: place.repository,
    group,
    labels: wanted.labels,
    offers: new Set(wanted.labels.map((label) => label.toLowerCase())),
    ephemeral: wanted.ephemeral,
    clientId: nextGuid(state, 'client'),
    os: 'unknown',
    online: false,
    busy: false,
  };
  state.runners.set(runner.id, runner);
  state.runnersByName.set(nameKey, runner);
  state.runnersByClientId.set(runner.clientId, runner);
  if (runner.ephemeral) state.due.reap.touch(runner, now(state));
  tellRunner(state, 'runner-registered', runner);
  return { kind: 'ok', runner };
}

/** `busy`: a job was given to it, even if it has not taken it yet. */
export function deleteRunner(state: GitHubState, scope: Scope, id: number): 'deleted' | 'busy' | 'gone' {
  const runner = findRunner(state, scope, id);
  if (!runner) return 'gone';
  if (runner.job) return 'busy';
  removeRunner(state, runner);
  return 'deleted';
}

export function removeRunner(state: GitHubState, runner: RunnerRecord): void {
  state.runners.delete(runner.id);
  state.runnersByName.delete(nameKeyOf(runner.repository, runner.name));
  state.runnersByClientId.delete(runner.clientId);
  state.idle.delete(runner);
  state.due.silence.drop(runner);
  state.due.reap.drop(runner);
  if (runner.sessionId !== undefined) state.sessions.delete(runner.sessionId);
  runner.online = false;
  state.changed = true;
  tellRunner(state, 'runner-removed', runner);
}

export function findRunner(state: GitHubState, scope: Scope, id: number): RunnerRecord | undefined {
  const place = findPlace(state, scope);
  const runner = state.runners.get(id);
  return place && runner && runner.repository === place.repository ? runner : undefined;
}

/** The runners of that level, oldest first; with `name`, the one of that name. `undefined`: there is no such place. */
export function listRunners(state: GitHubState, scope: Scope, name?: string): readonly RunnerRecord[] | undefined {
  const place = findPlace(state, scope);
  if (!place) return undefined;
  if (name !== undefined) {
    const runner = state.runnersByName.get(nameKeyOf(place.repository, name));
    return runner ? [runner] : [];
  }
  return [...state.runners.values()].filter((runner) => runner.repository === place.repository);
}

export function tellRunner(
  state: GitHubState,
  kind: 'runner-registered' | 'runner-online' | 'runner-offline' | 'runner-removed',
  runner: RunnerRecord,
): void {
  state.events.push({ kind, at: now(state), runnerId: runner.id, runnerName: runner.name });
}

function findPlace(state: GitHubState, scope: Scope): { readonly repository?: RepositoryRecord } | undefined {
  if (scope.kind === 'repository') {
    const repository = findRepository(state, scope.repository);
    return repository && { repository };
  }
  const isOurs = scope.organization.toLowerCase() === state.options.installation.organization.toLowerCase();
  return isOurs ? {} : undefined;
}

const nameKeyOf = (repository: RepositoryRecord | undefined, name: string) =>
  `${repository?.id ?? ''}:${name.toLowerCase()}`;
