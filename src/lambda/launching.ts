/** What dispatch and the reconciler share: the ports on AWS, and pools and App as they are now. */
import { createAwsCaller } from '../adapters/aws/call-aws.ts';
import { createDynamoDb } from '../adapters/aws/clients.ts';
import { AwsFleet } from '../adapters/aws/fleet.ts';
import { AwsMailbox } from '../adapters/aws/mailbox.ts';
import { readPools } from '../adapters/aws/pools.ts';
import { AwsQueue } from '../adapters/aws/queue.ts';
import { AwsTable } from '../adapters/aws/table.ts';
import { expiring } from '../adapters/expiring.ts';
import type { DISPATCH_ENV } from '../constructs/contract.ts';
import type { DispatchDeps } from '../core/dispatch/deps.ts';
import { type App, appOf } from './app-of.ts';
import { listIn, readAwsAccess } from './read-env.ts';
import { writeLog } from './write-log.ts';

/** How long a pool is launched as it was. */
const POOLS_MS = 60_000;

export interface Launching {
  readonly app: App;
  readonly deps: DispatchDeps;
}

/** Connections, tokens and what was read live as long as what this returns. That reads what is too old, and may throw. */
export function launchingWith(env: Readonly<Record<keyof typeof DISPATCH_ENV, string>>): () => Promise<Launching> {
  const { deploymentId } = env;
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
  const names = listIn(env.poolParameters);
  const readNow = expiring({ read: () => readPools(caller, names), lifeMs: POOLS_MS, clock: Date.now });
  const appNow = appOf(caller, env.appSecretArn, env.githubUrl);
  return async () => {
    const [pools, app] = await Promise.all([readNow.get(), appNow.get()]);
    return { app, deps: { ...ports, deploymentId, pools, github: app.github, jobs: app.jobs } };
  };
}
