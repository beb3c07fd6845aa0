/** The safe kill of dispatch, for what only the reconciler finds. */
import { type EndReason, endAttempt } from '../../dispatch/end-attempt.ts';
import type { Attempt } from '../../types.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function endLate(deps: ReconcileDeps, attempt: Attempt, why: EndReason): Promise<void> {
  const pool = deps.pools.get(attempt.pool);
  if (!pool) return;
  deps.log({ event: 'end-attempt', attempt: attempt.id, why });
  await endAttempt(deps, pool, attempt, why);
}
