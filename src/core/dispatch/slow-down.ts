/** GitHub throttled a call: everybody halves the budget of the installation until its retry time. */
import { change } from '../change.ts';
import { limits } from '../limits.ts';
import { paceKey } from '../records.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';

/** `retryAfterMs`: as GitHub said; its usual window where it did not. */
export async function slowDown(deps: DispatchDeps, installationId: number, retryAfterMs?: number): Promise<void> {
  await change(changeDeps(deps), [paceKey(installationId)], (ledger) =>
    ledger.slowDown(installationId, ledger.now + (retryAfterMs ?? limits.unsaidRetryMs)),
  );
}
