/** Pools whose count of instances is not what is open: a launch that was over, or a crash, left it too high. */
import { isClosedLaunch } from '../../launch-machine.ts';
import { RESERVED } from '../../records.ts';
import type { Action } from '../actions.ts';
import { isAlive, type Snapshot, type Unbound } from '../snapshot.ts';

/** The instances of a launch that is still open are counted with its attempts. */
const isNobodys = ({ instance, launch }: Unbound) =>
  isAlive(instance) && (launch === undefined || isClosedLaunch(launch.state));

export function findWrongCounts({ parts }: Snapshot): readonly Action[] {
  const { pools, markers, live, instances, unbound } = parts;
  // Without EC2's word nobody knows what else is there.
  if (instances === undefined) return [];
  return [...pools.keys()].flatMap((pool): Action[] => {
    const open = markers.filter((marker) => marker.pool === pool && RESERVED.has(marker.shelf)).length;
    const others = unbound.filter((one) => one.instance.pool === pool && isNobodys(one)).length;
    return open + others === (live.get(pool) ?? 0) ? [] : [{ kind: 'recount', pool, unbound: others }];
  });
}
