/** Pools whose count of instances is not what is open: a launch that was over, or a crash, left it too high. */
import type { Shelf } from '../../records.ts';
import type { Action } from '../actions.ts';
import { isAlive, type Snapshot } from '../snapshot.ts';

/** Attempts on these have room reserved. */
export const RESERVED: ReadonlySet<Shelf> = new Set<Shelf>(['fresh', 'spare', 'missing', 'attempt']);

export function findWrongCounts({ parts }: Snapshot): readonly Action[] {
  const { pools, markers, live, instances, unbound } = parts;
  // Without EC2's word nobody knows what else is there.
  if (instances === undefined) return [];
  return [...pools.keys()].flatMap((pool): Action[] => {
    const open = markers.filter((marker) => marker.pool === pool && RESERVED.has(marker.shelf)).length;
    const others = unbound.filter(({ instance }) => instance.pool === pool && isAlive(instance)).length;
    return open + others === (live.get(pool) ?? 0) ? [] : [{ kind: 'recount', pool, unbound: others }];
  });
}
