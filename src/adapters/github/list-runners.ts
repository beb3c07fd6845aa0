/** All runners of a scope: the first page says how many there are, the others follow at the same time. */
import type { GitHubFailure, ListRunnersOutcome, Runner } from '../../core/ports.ts';
import type { Scope } from '../../core/types.ts';
import { failureOf, unreadable } from './classify.ts';
import type { GitHubRequest } from './client.ts';
import type { GitHubAccess } from './installation-call.ts';
import { type RunnerListBody, runnerOf } from './runner-of.ts';
import { runnersPath } from './runners-path.ts';

const PER_PAGE = 100;
/** GitHub takes 100 requests at the same time, from all functions together. */
const AT_ONCE = 10;
/** GitHub allows 10,000 runners in a group. What is beyond is not seen: the list proves no absence anyway. */
const MOST_PAGES = 100;

export async function listRunners(
  access: GitHubAccess,
  installationId: number,
  scope: Scope,
): Promise<ListRunnersOutcome> {
  const page = (number: number) => readPage(access, installationId, scope, number);
  const first = await page(1);
  if (first.kind !== 'ok') return first;
  const pages = Math.min(MOST_PAGES, Math.max(1, Math.ceil(first.total / PER_PAGE)));
  // By id: while pages are read, runners that go let the others move up, and come twice.
  const runners = new Map(first.runners.map((runner) => [runner.id, runner]));
  for (let from = 2; from <= pages; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, pages - from + 1) }, (_, at) => from + at);
    for (const read of await Promise.all(numbers.map(page))) {
      if (read.kind !== 'ok') return read;
      for (const runner of read.runners) runners.set(runner.id, runner);
    }
  }
  return { kind: 'ok', runners: [...runners.values()], pages };
}

type Page = { readonly kind: 'ok'; readonly runners: readonly Runner[]; readonly total: number } | GitHubFailure;

async function readPage(
  { call, clock }: GitHubAccess,
  installationId: number,
  scope: Scope,
  number: number,
): Promise<Page> {
  const path = `${runnersPath(scope)}?per_page=${PER_PAGE}&page=${number}`;
  const request: GitHubRequest = { method: 'GET', path, repeatable: true };
  const reply = await call(installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status !== 200) return failureOf(request, reply, clock());
  const { total_count: total, runners } = (reply.body ?? {}) as RunnerListBody;
  if (typeof total !== 'number' || !Array.isArray(runners)) return unreadable(request, reply);
  return { kind: 'ok', runners: runners.map(runnerOf), total };
}
