/** What was found goes the same way as what is told: through dispatch. */
import { dispatch } from '../../dispatch/dispatch.ts';
import { type InstanceMessage, writeMessage } from '../../messages.ts';
import type { ReconcileDeps } from '../deps.ts';

export async function passOn(deps: ReconcileDeps, message: InstanceMessage): Promise<void> {
  deps.log({ event: 'found', instance: message.instanceId, change: message.change });
  await dispatch(deps, [{ messageId: `${deps.runId}-${message.instanceId}`, body: writeMessage(message) }]);
}
