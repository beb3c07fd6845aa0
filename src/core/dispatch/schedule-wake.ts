/** Asks for a pool to be planned anew after a while. Of many that ask, one message is sent. */
import { change } from '../change.ts';
import { limits } from '../limits.ts';
import { writeMessage } from '../messages.ts';
import { wakeKey } from '../records.ts';
import type { Pool } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';

/** If the message can't be sent, the reconciler plans the pool. */
export async function scheduleWake(
  deps: DispatchDeps,
  pool: Pool,
  installationId: number,
  afterMs: number,
): Promise<void> {
  const delayMs = Math.min(afterMs, limits.queueDelayMs);
  const claimed = await change(changeDeps(deps), [wakeKey(pool.name)], (ledger) =>
    ledger.claimWake(pool.name, ledger.now + delayMs),
  );
  if (claimed.kind === 'ok' && !claimed.result) return;
  const sent = await deps.queue.send(writeMessage({ kind: 'wake', pool: pool.name, installationId }), delayMs);
  if (sent !== 'ok') deps.log({ event: 'wake-not-sent', pool: pool.name, outcome: sent });
}
