/** Webhooks over HTTP to instances, through the deployed functions: what is launched, once, and what becomes of it. */
import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DescribeInstanceAttributeCommand, DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TAGS } from '../../src/constructs/contract.ts';
import { attemptRecord, countMessages, instancesOf, jobRecord, quiet, startJobs } from './stage/look.ts';
import { enterInstance } from './stage/scripted-instance.ts';
import { openStage, type Stage } from './stage/stage.ts';

/** A pool for each test, so that none inherits the instances of another. */
const POOLS = ['twenty', 'life', 'swap', 'events', 'odd'];

let stage: Stage;

beforeAll(async () => {
  const pools = POOLS.map((name) => [name, { labels: [name] }]);
  stage = await openStage({ pools: Object.fromEntries(pools) });
}, 120_000);
afterAll(() => stage?.close());

/** Whatever was tried: nothing was refused that the product needs, and no function ended in an error of its own. */
afterEach(() => {
  expect(stage.gate.denials().map(({ call, detail }) => `${call} ${detail}`)).toEqual([]);
  expect([...stage.dispatch.logs, ...stage.webhook.logs].filter((line) => !line.startsWith('{'))).toEqual([]);
});

function post(body: string, signature: string) {
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'workflow_job',
    'x-github-delivery': 'by-hand',
    'x-hub-signature-256': signature,
  };
  return fetch(stage.webhookUrl, { method: 'POST', headers, body });
}

const sign = (body: string) => `sha256=${createHmac('sha256', stage.webhookSecret).update(body).digest('hex')}`;

/** Payloads of GitHub's deliveries about a job, in the order in which they were made. */
const payloadsOf = (jobId: string) =>
  [...stage.github.model.state.deliveries.values()]
    .filter(({ job, redelivery }) => String(job.id) === jobId && !redelivery)
    .map(({ action, payload }) => ({ action, body: JSON.stringify(payload) }));

const launchesOf = async (pool: string) => {
  const ids = new Set((await instancesOf(stage, pool)).map(({ InstanceId }) => InstanceId));
  return (await stage.control.launches()).filter(({ instanceIds }) => instanceIds.some((id) => ids.has(id)));
};

test('the runner package lies in the bucket', async () => {
  const s3 = new S3Client({ ...stage.moto.access, forcePathStyle: true });
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: stage.names.bucket }));
  expect(Contents.map(({ Key }) => Key)).toEqual([expect.stringMatching(/^runner\/linux-x64\/2\.336\.0-/)]);
});

test('a bad signature is answered 401, and nothing happens', async () => {
  const before = stage.gate.entries.length;
  const body = JSON.stringify({ action: 'queued' });
  const reply = await post(body, `sha256=${'0'.repeat(64)}`);
  expect(reply.status).toBe(401);
  await pause(500);
  const calls = stage.gate.entries.slice(before).filter(({ call }) => call !== 'sqs:ReceiveMessage');
  // A wrong signature may mean a rotated secret: it is read again, at most every 30 s.
  expect(calls.filter(({ call }) => call !== 'secretsmanager:GetSecretValue')).toEqual([]);
  expect(await countMessages(stage)).toEqual({ visible: 0, underway: 0, delayed: 0 });
  expect(await stage.control.launches()).toEqual([]);
});

describe('twenty jobs', () => {
  test('are twenty instances, as the launch template of the pool says', async () => {
    const { jobIds } = startJobs(stage, 20, ['twenty']);
    await expect.poll(async () => (await instancesOf(stage, 'twenty')).length, { timeout: 30_000 }).toBe(20);
    await quiet(stage);
    const instances = await instancesOf(stage, 'twenty');
    expect(instances).toHaveLength(20);
    const template = stage.deployed.one('AWS::EC2::LaunchTemplate', ({ logicalId }) => /twenty/i.test(logicalId));
    for (const instance of instances) {
      expect(instance.InstanceLifecycle).not.toBe('spot');
      expect(Object.fromEntries((instance.Tags ?? []).map(({ Key, Value }) => [Key, Value]))).toMatchObject({
        [TAGS.deployment]: stage.names.deploymentId,
        [TAGS.pool]: 'twenty',
        [TAGS.launch]: expect.stringMatching(`^mf-${stage.names.deploymentId}-`),
        'aws:ec2launchtemplate:id': template.physicalId,
        'aws:ec2launchtemplate:version': '1',
      });
      expect(instance.MetadataOptions).toMatchObject({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
    }
    const launches = await launchesOf('twenty');
    expect(launches.reduce((sum, { instanceIds }) => sum + instanceIds.length, 0)).toBe(20);
    expect(launches.reduce((sum, { wanted }) => sum + wanted, 0)).toBe(20);
    const attempts = await Promise.all(jobIds.map(async (id) => (await jobRecord(stage, id))?.attemptId));
    expect(new Set(attempts).size).toBe(20);
  });

  test('boot with the user data of their pool, end by poweroff, and have an encrypted volume', async () => {
    const [instance] = await instancesOf(stage, 'twenty');
    const InstanceId = instance?.InstanceId ?? '';
    const ec2 = new EC2Client(stage.moto.access);
    const attribute = (Attribute: 'userData' | 'instanceInitiatedShutdownBehavior') =>
      ec2.send(new DescribeInstanceAttributeCommand({ InstanceId, Attribute }));
    const userData = Buffer.from((await attribute('userData')).UserData?.Value ?? '', 'base64').toString();
    const { userId } = await enterInstance(stage, InstanceId);
    expect(userData).toContain(`ROLE_ID='${userId.split(':')[0]}'`);
    expect(userData).toContain(`MAILBOX_TABLE='${stage.names.mailboxTable}'`);
    expect(userData).toContain(`BUCKET='${stage.names.bucket}'`);
    const behavior = await attribute('instanceInitiatedShutdownBehavior');
    expect(behavior.InstanceInitiatedShutdownBehavior?.Value).toBe('terminate');
    const Filters = [{ Name: 'attachment.instance-id', Values: [InstanceId] }];
    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({ Filters }));
    expect(Volumes).toMatchObject([{ Size: 100, Encrypted: true, VolumeType: 'gp3' }]);
    expect(Volumes[0]?.Tags).toContainEqual({ Key: TAGS.deployment, Value: stage.names.deploymentId });
  });
});

test('an instance takes its letter, runs its job, powers off, and is forgotten', async () => {
  const { jobIds } = startJobs(stage, 1, ['life']);
  const jobId = jobIds[0] as string;
  await expect.poll(async () => (await instancesOf(stage, 'life')).length, { timeout: 20_000 }).toBe(1);
  const [described] = await instancesOf(stage, 'life');
  const instance = await enterInstance(stage, described?.InstanceId as string);
  await instance.boot();
  instance.runJob();
  await instance.powerOff();
  await quiet(stage);
  const job = await jobRecord(stage, jobId);
  expect(job).toMatchObject({ state: 'DONE', conclusion: 'success' });
  expect(await attemptRecord(stage, job?.attemptId as string)).toMatchObject({
    state: 'GONE',
    instanceId: instance.id,
  });
  expect([...stage.github.model.state.runners.values()].filter(({ name }) => name === job?.runnerName)).toEqual([]);
  await expect(enterInstance(stage, instance.id).then((again) => again.boot())).rejects.toThrow();
}, 40_000);

test('runners that take the jobs of each other are swapped: nothing is launched anew', async () => {
  const { jobIds } = startJobs(stage, 2, ['swap']);
  await expect.poll(async () => (await instancesOf(stage, 'swap')).length, { timeout: 20_000 }).toBe(2);
  await quiet(stage);
  const second = await attemptRecord(stage, (await jobRecord(stage, jobIds[1] as string))?.attemptId as string);
  // GitHub gives the first job to the runner that comes first: the one that was made for the second.
  const crossed = await enterInstance(stage, second?.instanceId as string);
  await crossed.boot();
  await quiet(stage);
  crossed.runJob();
  await crossed.powerOff();
  await quiet(stage);
  expect(await jobRecord(stage, jobIds[0] as string)).toMatchObject({ state: 'DONE', attemptId: second?.id });
  const other = await jobRecord(stage, jobIds[1] as string);
  expect(other?.attemptId).not.toBe(second?.id);
  const attempt = await attemptRecord(stage, other?.attemptId as string);
  const last = await enterInstance(stage, attempt?.instanceId as string);
  await last.boot();
  last.runJob();
  await last.powerOff();
  await quiet(stage);
  expect(await jobRecord(stage, jobIds[1] as string)).toMatchObject({ state: 'DONE' });
  expect(await instancesOf(stage, 'swap')).toHaveLength(2);
}, 40_000);

test('events that come twice, or in another order, change nothing', async () => {
  const { jobIds } = startJobs(stage, 1, ['events']);
  const jobId = jobIds[0] as string;
  await expect.poll(async () => (await instancesOf(stage, 'events')).length, { timeout: 20_000 }).toBe(1);
  const [described] = await instancesOf(stage, 'events');
  const instance = await enterInstance(stage, described?.InstanceId as string);
  await instance.boot();
  instance.runJob();
  await instance.powerOff();
  await quiet(stage);
  const done = await jobRecord(stage, jobId);
  const events = payloadsOf(jobId);
  expect(events.map(({ action }) => action)).toEqual(['queued', 'in_progress', 'completed']);
  for (const { body } of [...events.toReversed(), ...events]) expect((await post(body, sign(body))).status).toBe(202);
  await quiet(stage);
  expect(await jobRecord(stage, jobId)).toMatchObject({ state: 'DONE', attemptId: done?.attemptId });
  expect(await instancesOf(stage, 'events')).toHaveLength(1);
}, 40_000);

test('events of instances that nobody knows are dropped', async () => {
  const before = (await stage.control.launches()).length;
  const sqs = new SQSClient(stage.moto.access);
  for (const change of ['terminated', 'stopped', 'spot-warning']) {
    const MessageBody = JSON.stringify({ kind: 'instance', instanceId: 'i-0123456789abcdef0', change });
    await sqs.send(new SendMessageCommand({ QueueUrl: stage.names.queueUrl, MessageBody }));
  }
  await quiet(stage);
  expect(await countMessages(stage, stage.names.deadLetterUrl)).toMatchObject({ visible: 0 });
  expect(await stage.control.launches()).toHaveLength(before);
});

test('a message that can not be understood goes to the dead letters, and holds up nobody', async () => {
  const sqs = new SQSClient(stage.moto.access);
  const visible = (seconds: number) =>
    sqs.send(
      new SetQueueAttributesCommand({
        QueueUrl: stage.names.queueUrl,
        Attributes: { VisibilityTimeout: String(seconds) },
      }),
    );
  await visible(1);
  await sqs.send(new SendMessageCommand({ QueueUrl: stage.names.queueUrl, MessageBody: '{"kind":"poison"}' }));
  startJobs(stage, 1, ['odd']);
  await expect.poll(async () => (await instancesOf(stage, 'odd')).length, { timeout: 20_000 }).toBe(1);
  const dead = async () => (await countMessages(stage, stage.names.deadLetterUrl)).visible;
  await expect.poll(dead, { timeout: 20_000 }).toBe(1);
  await visible(180);
  await quiet(stage);
  const failed = stage.dispatch.entries().filter(({ event }) => event === 'message-failed');
  expect(failed.map(({ reason }) => reason)).toEqual(Array(5).fill('message-malformed'));
}, 40_000);
