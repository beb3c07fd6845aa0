/** What was found goes the same way as what is told: through dispatch. */
import { dispatch } from '../../dispatch/dispatch.ts';
import { type InstanceMessage, writeMessage } from '../../messages.ts';
import type { ReconcileDeps } from '../deps.ts';

/** At most as many as a batch of the queue has. */
export async function passOn(deps: ReconcileDeps, messages: readonly InstanceMessage[]): Promise<void> {
  for (const { instanceId, change } of messages) deps.log({ event: 'found', instance: instanceId, change });
  await dispatch(
    deps,
    messages.map((message) => ({ messageId: `${deps.runId}-${message.instanceId}`, body: writeMessage(message) })),
  );
}
