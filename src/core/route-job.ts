/** Which pool serves a job. Runs on the webhook's path: no allocation that a job of another's labels would pay for. */
import type { IgnoreReason } from './codes.ts';
import type { Repository, RoutablePool } from './types.ts';

export type Route =
  | { readonly kind: 'pool'; readonly pool: RoutablePool }
  | { readonly kind: 'none'; readonly reason: IgnoreReason };

/**
 * The pool whose labels include all of the job's, whatever their case, and that serves its repository. The highest
 * priority wins, then the name. A job without labels can not be routed: the runner group is not in the event.
 */
export function routeJob(labels: readonly string[], repository: Repository, pools: readonly RoutablePool[]): Route {
  if (labels.length === 0) return { kind: 'none', reason: 'no-labels' };
  const wanted = labels.map((label) => label.toLowerCase());
  let best: RoutablePool | undefined;
  let reason: IgnoreReason = 'no-pool';
  for (const pool of pools) {
    if (!hasLabels(pool, wanted)) continue;
    const refusal = refuses(pool, repository);
    if (refusal) reason = refusal;
    else if (!best || comesBefore(pool, best)) best = pool;
  }
  return best ? { kind: 'pool', pool: best } : { kind: 'none', reason };
}

function hasLabels(pool: RoutablePool, wanted: readonly string[]): boolean {
  return wanted.every((label) => pool.labels.some((has) => has.toLowerCase() === label));
}

function refuses(pool: RoutablePool, repository: Repository): IgnoreReason | undefined {
  const fullName = `${repository.owner}/${repository.name}`.toLowerCase();
  const isListed = (names: readonly string[]) => names.some((name) => name.toLowerCase() === fullName);
  if (pool.repository && !isListed([pool.repository])) return 'repository-not-allowed';
  if (pool.allowedRepositories && !isListed(pool.allowedRepositories)) return 'repository-not-allowed';
  if (!repository.private && !pool.publicRepositories) return 'public-repository';
  return undefined;
}

const comesBefore = (a: RoutablePool, b: RoutablePool) =>
  a.priority > b.priority || (a.priority === b.priority && a.name < b.name);
