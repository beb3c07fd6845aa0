/** A batch of the launch queue: the ids of what must be repeated are its answer. */
import { DISPATCH_ENV } from '../constructs/contract.ts';
import { dispatch, type QueueMessage } from '../core/dispatch/dispatch.ts';
import { launchingWith } from './launching.ts';
import { readEnv } from './read-env.ts';

const env = readEnv(DISPATCH_ENV);
const load = launchingWith(env);

// While a function starts it has a whole CPU. What fails now is read again, and told, when it is needed.
await Promise.allSettled([load().then(({ app }) => app.prepare(app.credentials.installationId))]);

export async function handler({ Records }: { readonly Records: readonly QueueMessage[] }) {
  const { deps } = await load();
  const failures = await dispatch(deps, Records);
  return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
