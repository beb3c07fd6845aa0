import type { FindRunnerOutcome, GitHubFailure } from '../../core/ports.ts';
import type { Scope } from '../../core/types.ts';
import { failureOf, unreadable } from './classify.ts';
import type { GitHubRequest } from './client.ts';
import type { GitHubAccess } from './installation-call.ts';
import { type RunnerListBody, runnerOf } from './runner-of.ts';
import { runnersPath } from './runners-path.ts';

/** The runner of this very name. `gone` only when GitHub showed all that it has under the name. */
export async function findRunner(
  { call, clock }: GitHubAccess,
  installationId: number,
  scope: Scope,
  name: string,
): Promise<FindRunnerOutcome> {
  const path = `${runnersPath(scope)}?name=${encodeURIComponent(name)}&per_page=100`;
  const request: GitHubRequest = { method: 'GET', path, repeatable: true };
  const reply = await call(installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status !== 200) return failureOf(request, reply, clock());
  const list = (reply.body ?? {}) as RunnerListBody;
  if (typeof list.total_count !== 'number' || !Array.isArray(list.runners)) return unreadable(request, reply);
  const found = list.runners.find((runner) => runner.name === name);
  if (found !== undefined) return { kind: 'ok', runner: runnerOf(found) };
  return list.total_count > list.runners.length ? filterIgnored(request) : { kind: 'gone' };
}

/** An old GitHub Enterprise Server lists all runners whatever the name: the first page proves no absence. */
const filterIgnored = ({ method, path }: GitHubRequest): GitHubFailure => ({
  kind: 'unavailable',
  detail: `${method} ${path}: more runners than asked for; this GitHub does not look for names`,
});
