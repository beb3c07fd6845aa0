/** A batch of the launch queue: the ids of what must be repeated are its answer. */
import { createAwsCaller } from '../adapters/aws/call-aws.ts';
import { createDynamoDb } from '../adapters/aws/clients.ts';
import { AwsFleet } from '../adapters/aws/fleet.ts';
import { AwsMailbox } from '../adapters/aws/mailbox.ts';
import { readPools } from '../adapters/aws/pools.ts';
import { AwsQueue } from '../adapters/aws/queue.ts';
import { AwsTable } from '../adapters/aws/table.ts';
import { expiring } from '../adapters/expiring.ts';
import { DISPATCH_ENV } from '../constructs/contract.ts';
import { dispatch, type QueueMessage } from '../core/dispatch/dispatch.ts';
import { appOf } from './app-of.ts';
import { listIn, readAwsAccess, readEnv } from './read-env.ts';
import { writeLog } from './write-log.ts';

const { deploymentId, poolParameters, ...env } = readEnv(DISPATCH_ENV);
const caller = createAwsCaller(readAwsAccess());
const dynamoDb = createDynamoDb();
const ports = {
  table: new AwsTable(dynamoDb, env.table),
  mailbox: new AwsMailbox(dynamoDb, env.mailboxTable),
  queue: new AwsQueue(caller, env.queueUrl),
  fleet: new AwsFleet(caller, deploymentId),
  clock: Date.now,
  log: writeLog,
};
const pools = expiring({ read: () => readPools(caller, listIn(poolParameters)), lifeMs: 60_000, clock: Date.now });
const app = appOf(caller, env.appSecretArn, env.githubUrl);
const load = () => Promise.all([pools.get(), app.get()]);

// While a function starts it has a whole CPU. What fails now is read again, and told, when it is needed.
await Promise.allSettled([load().then(([, { credentials, prepare }]) => prepare(credentials.installationId))]);

export async function handler({ Records }: { readonly Records: readonly QueueMessage[] }) {
  const [poolsNow, { github }] = await load();
  const failures = await dispatch({ ...ports, deploymentId, pools: poolsNow, github }, Records);
  return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
