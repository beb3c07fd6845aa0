/** Pools of which something waits that a wake would see to: the wake may be lost. */
import type { Shelf } from '../../records.ts';
import type { Action } from '../actions.ts';
import type { Snapshot } from '../snapshot.ts';

const WAITING: ReadonlySet<Shelf> = new Set<Shelf>(['wanted', 'later', 'fresh', 'spare', 'launch']);

export function findWaitingPools({ parts: { markers, pools } }: Snapshot): readonly Action[] {
  const waiting = new Set(markers.filter(({ shelf }) => WAITING.has(shelf)).map(({ pool }) => pool));
  return [...pools.values()].filter(({ name }) => waiting.has(name)).map((pool) => ({ kind: 'plan-pool', pool }));
}
