/** What tests do to a stage and ask of it. */
import { setTimeout as pause } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeInstancesCommand, EC2Client, type Instance } from '@aws-sdk/client-ec2';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Key } from '../../../src/core/ports.ts';
import { attemptKey, jobKey } from '../../../src/core/records.ts';
import type { Attempt, Job } from '../../../src/core/types.ts';
import { scriptedRun } from '../../unit/github/scripted-run.ts';
import { REPOSITORY } from './github.ts';
import type { Stage } from './stage.ts';

/** Starts a run of so many jobs; gives the ids of the jobs and of the run. GitHub sends their webhooks. */
export function startJobs(stage: Stage, count: number, labels: readonly string[]) {
  const script = Array.from({ length: count }, (_, n) => ({ key: `job-${n}`, labels: ['self-hosted', ...labels] }));
  const run = stage.github.model.addRun(scriptedRun(...script), REPOSITORY);
  const jobs = [...stage.github.model.state.jobs.values()].filter((job) => job.run.id === run.id);
  return { runId: run.id, jobIds: jobs.map(({ id }) => String(id)) };
}

async function readRecord<Kind>(stage: Stage, key: Key): Promise<Kind | undefined> {
  const db = new DynamoDBClient(stage.moto.access);
  const get = new GetItemCommand({ TableName: stage.names.table, Key: { pk: { S: key.pk }, sk: { S: key.sk } } });
  const { Item } = await db.send(get);
  db.destroy();
  return Item && (unmarshall(Item) as Kind);
}

export const jobRecord = (stage: Stage, id: string) => readRecord<Job>(stage, jobKey(id));
export const attemptRecord = (stage: Stage, id: string) => readRecord<Attempt>(stage, attemptKey(id));

/** All instances with a tag `mayfly:pool` of this pool, the ended ones too. */
export async function instancesOf(stage: Stage, pool: string): Promise<Instance[]> {
  const ec2 = new EC2Client(stage.moto.access);
  const Filters = [{ Name: 'tag:mayfly:pool', Values: [pool] }];
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }));
  ec2.destroy();
  return Reservations.flatMap(({ Instances = [] }) => Instances);
}

/** Messages that can be seen, that are being worked on, and that wait for their time. */
export async function countMessages(stage: Stage, QueueUrl = stage.names.queueUrl) {
  const sqs = new SQSClient(stage.moto.access);
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  sqs.destroy();
  return {
    visible: Number(Attributes.ApproximateNumberOfMessages),
    underway: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
    delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed),
  };
}

const QUIET_MS = 20_000;

/** Until every delivery is answered and every message worked on (delayed ones apart). @throws Error after 20 s. */
export async function quiet(stage: Stage): Promise<void> {
  const deadline = Date.now() + QUIET_MS;
  for (let calm = 0; calm < 3; ) {
    if (Date.now() > deadline) throw new Error(`not quiet: ${JSON.stringify(await countMessages(stage))}`);
    await pause(100);
    const sent = [...stage.github.model.state.deliveries.values()].every(({ result }) => result !== undefined);
    const { visible, underway } = await countMessages(stage);
    calm = sent && visible + underway === 0 ? calm + 1 : 0;
  }
}
