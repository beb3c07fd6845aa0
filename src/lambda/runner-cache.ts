/** Brings the runner packages up to date: on a schedule, and when a deployment asks. That never fails for it. */
import { setTimeout as pause } from 'node:timers/promises';
import { createAwsCaller } from '../adapters/aws/call-aws.ts';
import { createDynamoDb, createS3 } from '../adapters/aws/clients.ts';
import { answerCustomResource, isCustomResource } from '../adapters/aws/custom-resource.ts';
import { expirePackages } from '../adapters/aws/expire-packages.ts';
import { AwsRunnerStore } from '../adapters/aws/runner-store.ts';
import { AwsTable } from '../adapters/aws/table.ts';
import { RUNNER_CACHE_ENV } from '../constructs/contract.ts';
import { refreshRunnerCache } from '../core/refresh-runner-cache.ts';
import type { Platform } from '../core/types.ts';
import { appOf } from './app-of.ts';
import { listIn, readAwsAccess, readEnv } from './read-env.ts';
import { writeLog } from './write-log.ts';

/** CloudFormation must hear from us before the function's 5 minutes are over. */
const DEPLOYMENT_WAITS_MS = 240_000;

async function refresh() {
  const { owner, bucket, pinnedVersion, ...env } = readEnv(RUNNER_CACHE_ENV, ['pinnedVersion']);
  const platforms = listIn(env.platforms) as Platform[];
  const app = await appOf(createAwsCaller(readAwsAccess()), env.appSecretArn, env.githubUrl).get();
  const found = await app.findInstallation(owner);
  if (found.kind !== 'ok') return writeLog({ event: 'runner-cache', ...found });

  const s3 = createS3();
  const table = new AwsTable(createDynamoDb(), env.table);
  const github = pinnedVersion ? app.pinnedTo(pinnedVersion) : app.github;
  const deps = { github, table, store: new AwsRunnerStore(s3, bucket) };
  const refreshed = await refreshRunnerCache(deps, found.installationId, found.scope, platforms);
  const expired = await expirePackages({ client: s3, bucket, table }, platforms, Date.now());
  writeLog({ event: 'runner-cache', refreshed, expired });
}

export async function handler(event: unknown): Promise<void> {
  if (!isCustomResource(event)) return refresh();
  const failed = (error: Error) => writeLog({ event: 'runner-cache-failed', error: error.message });
  if (event.RequestType !== 'Delete') await Promise.race([refresh().catch(failed), pause(DEPLOYMENT_WAITS_MS)]);
  await answerCustomResource(event);
}
