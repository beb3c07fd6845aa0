/** When the stack is destroyed: ends every instance, then empties the bucket, which has to go as well. */
import { setTimeout as pause } from 'node:timers/promises';
import { createAwsCaller } from '../adapters/aws/call-aws.ts';
import { createS3 } from '../adapters/aws/clients.ts';
import { answerCustomResource, type CustomResourceEvent } from '../adapters/aws/custom-resource.ts';
import { emptyBucket } from '../adapters/aws/empty-bucket.ts';
import { endInstances } from '../adapters/aws/end-instances.ts';
import { END_ALL_ENV } from '../constructs/contract.ts';
import { readAwsAccess, readEnv } from './read-env.ts';
import { writeLog } from './write-log.ts';

async function endAll(): Promise<void> {
  const { deploymentId, bucket } = readEnv(END_ALL_ENV, ['bucket']);
  const ended = await endInstances({ caller: createAwsCaller(readAwsAccess()), clock: Date.now, pause }, deploymentId);
  writeLog({ event: 'end-all', ended });
  if (bucket) await emptyBucket(createS3(), bucket);
}

export async function handler(event: CustomResourceEvent): Promise<void> {
  let failure: string | undefined;
  try {
    if (event.RequestType === 'Delete') await endAll();
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    writeLog({ event: 'end-all-failed', error: failure });
  }
  await answerCustomResource(event, failure);
}
