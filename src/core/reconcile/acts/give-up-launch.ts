/** A launch that was never answered is over: its jobs get new ones, and what it launched is nobody's. */
import { change } from '../../change.ts';
import { changeDeps } from '../../dispatch/deps.ts';
import { planKeys } from '../../dispatch/plan-pool.ts';
import { settleLaunch } from '../../dispatch/settle-launch.ts';
import type { Ledger } from '../../ledger.ts';
import { launchKey } from '../../records.ts';
import type { Launch } from '../../types.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function giveUpLaunch(deps: ReconcileDeps, launch: Launch): Promise<void> {
  const pool = deps.pools.get(launch.pool);
  if (!pool) return;
  deps.log({ event: 'give-up-launch', launch: launch.id });
  const keys = (ledger: Ledger) => [
    launchKey(launch.id),
    ...planKeys(deps.pools, [launch, ...ledger.jobs(), ...ledger.attempts()], ledger.now),
  ];
  // What follows from it waits for its time: no launch is planned by this.
  await change(changeDeps(deps), keys, (ledger) => {
    settleLaunch(ledger, launch.id, { kind: 'over', detail: 'no answer' }, pool, deps.deploymentId);
  });
}
