/** Compares what stands open in the table with EC2 and GitHub, and repairs the difference. */
import { followUp } from '../dispatch/follow-up.ts';
import { wakePool } from '../dispatch/wake-pool.ts';
import type { ReconcileDeps, Reconciled } from './deps.ts';

export async function reconcile(deps: ReconcileDeps): Promise<Reconciled> {
  for (const pool of deps.pools.values()) {
    const woken = await wakePool(deps, pool);
    if (woken.kind === 'failed') return { kind: 'failed', actions: 0 };
    await followUp(deps, woken.result, woken.known);
  }
  return { kind: 'done', actions: deps.pools.size };
}
