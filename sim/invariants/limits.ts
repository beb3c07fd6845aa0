/** What may never be exceeded. */
import { limits } from '../../src/core/limits.ts';
import type { Pool } from '../../src/core/types.ts';
import type { Invariant } from './invariant.ts';

/** A launch that was granted under the limit before a deployment may still come after it. */
const GRANT_LIFE_MS = 15 * 60_000;

/** `deployments`: the pools of each. */
export function poolLimits(deployments: readonly (readonly Pool[])[]): Invariant {
  const most = new Map<string, { limit: number; before: number; until: number }>();
  const live = new Map<string, Set<string>>();
  deployments.forEach((pools, deployment) => {
    for (const pool of pools) most.set(`${deployment}/${pool.name}`, { limit: pool.maxRunners, before: 0, until: 0 });
  });
  return {
    name: 'no more instances than the pool may have',
    see(happening) {
      if (happening.kind === 'redeployed') {
        for (const [name, limit] of Object.entries(happening.limits)) {
          const known = most.get(`${happening.deployment}/${name}`);
          if (known)
            Object.assign(known, {
              limit,
              before: Math.max(known.limit, known.before),
              until: happening.at + GRANT_LIFE_MS,
            });
        }
      }
      if (happening.kind !== 'instance') return undefined;
      const { id, pool, state } = happening.instance;
      const key = `${happening.deployment}/${pool}`;
      const alive = live.get(key) ?? new Set();
      live.set(key, alive);
      if (state === 'terminated') alive.delete(id);
      else alive.add(id);
      const known = most.get(key);
      const bound = known && (happening.at < known.until ? Math.max(known.limit, known.before) : known.limit);
      return state === 'pending' && alive.size > (bound ?? 0)
        ? `pool ${key} has ${alive.size} instances, and may have ${bound}`
        : undefined;
    },
  };
}

/** Without injected throttling, GitHub never has to throttle us. */
export const githubPoints = (): Invariant => {
  let limited = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    name: "GitHub's limit is not hit twice in a row",
    see(happening) {
      if (happening.kind !== 'github-limited') return undefined;
      // Of calls that are under way at the same time, all are refused: that is one hit.
      const isNew = happening.at - last > limits.unsaidRetryMs;
      last = happening.at;
      limited = isNew ? limited + 1 : limited;
      return limited > 1 ? `GitHub's limit was hit again at ${happening.call}` : undefined;
    },
  };
};
