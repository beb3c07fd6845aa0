/** The same as when the pool's wake message comes. */
import { followUp } from '../../dispatch/follow-up.ts';
import { wakePool } from '../../dispatch/wake-pool.ts';
import type { Pool } from '../../types.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function planWaiting(deps: ReconcileDeps, pool: Pool): Promise<void> {
  const woken = await wakePool(deps, pool);
  if (woken.kind === 'ok') await followUp(deps, woken.result, woken.known);
}
