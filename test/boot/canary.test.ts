/**
 * A canary instance as a machine, launched with the deployed role: what it may do is decided by the policies as they are
 * deployed, what it finds by DynamoDB and S3 as moto has them.
 */
import { createHash } from 'node:crypto';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { CanaryChecks } from '../../src/boot/linux/canary.ts';
import { renderLinuxBoot } from '../../src/boot/render-linux.ts';
import { PoolImage } from '../../src/constructs/pool-image.ts';
import { readBootReport } from '../../src/core/boot-report.ts';
import { prepareRootfs } from '../../src/rehearsal/hosts/nspawn-rootfs.ts';
import { type NamedPolicy, userIdOf } from '../aws/stage/gate/evaluate.ts';
import { RUNNER_VERSION } from '../aws/stage/github.ts';
import { openStage, type Stage } from '../aws/stage/stage.ts';
import { StageMachines } from './stage-machines.ts';
import { tracesOf } from './traces.ts';

/** The machines are no image of AWS's. */
const image = PoolImage.ami('ami-00000000000000001');

let stage: Stage;
let machines: StageMachines;
let runner: CanaryChecks;
beforeAll(async () => {
  machines = new StageMachines(await prepareRootfs(() => {}));
  stage = await openStage({ onInstance: machines.onInstance, pools: { linux: { labels: ['linux'], image } } });
  machines.join(stage);
  runner = await cachedRunner();
}, 600_000);
afterAll(async () => {
  await machines?.close();
  await stage?.close();
  expect(tracesOf(machines.run)).toEqual([]);
});

/** What the deployed function keeps in the bucket for instances. */
async function cachedRunner(): Promise<CanaryChecks> {
  const s3 = new S3Client({ ...stage.moto.access, forcePathStyle: true });
  const Bucket = stage.names.bucket;
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'runner/' }));
  const runnerKey = Contents.map(({ Key = '' }) => Key).find((key) => key.endsWith('.tar.gz')) ?? '';
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: runnerKey }));
  // Before the client is closed: that breaks off what is still being read.
  const bytes = (await Body?.transformToByteArray()) ?? '';
  s3.destroy();
  return { runnerKey, runnerSha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Launches one with the role of the deployed pool, to the end of its machine. `more`: what the role may besides. */
async function canary(checks: CanaryChecks, ...more: readonly NamedPolicy[]) {
  const { deployed, names } = stage;
  const template = deployed.one('AWS::EC2::LaunchTemplate').properties.LaunchTemplateData;
  const [profile] = Object.values<string>(template.IamInstanceProfile);
  const role = await deployed.principal(deployed.roleOfProfile(profile ?? '') ?? '', 'i-0');
  const script = renderLinuxBoot({
    ...{ platform: 'linux-x64', roleId: role.roleId, mailboxTable: names.mailboxTable, bucket: names.bucket },
    ...{ bootDeadlineMs: 40_000, lifetimeMs: 50_000, idleTimeoutMs: 10_000, canary: checks },
  });
  const id = await runInstance(template.IamInstanceProfile, script);
  vi.spyOn(deployed, 'principal').mockResolvedValueOnce({
    ...{ ...role, session: id, policies: [...role.policies, ...more] },
  });
  // moto tells nobody of an instance that no fleet launched.
  machines.onInstance({ seq: 0, instanceId: id, state: 'running', at: Date.now() });
  await expect.poll(() => machines.ends.length, { timeout: 50_000 }).toBe(++ended);
  expect(machines.faults).toEqual([]);
  const { how, isGone, log } = machines.ends.at(-1) ?? {};
  expect({ how, isGone }).toEqual({ how: 'poweroff', isGone: true });
  const calls = stage.gate.entries.filter(({ session }) => session === id);
  const report = readBootReport(await bootAttribute(userIdOf({ ...role, session: id })));
  return { id, log, report, calls: calls.map(({ call, outcome }) => `${call} ${outcome}`) };
}
let ended = 0;

async function runInstance(IamInstanceProfile: object, script: string): Promise<string> {
  const ec2 = new EC2Client(stage.moto.access);
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      ...{ ImageId: 'ami-00000000000000001', MinCount: 1, MaxCount: 1, IamInstanceProfile },
      ...{ InstanceInitiatedShutdownBehavior: 'terminate', UserData: Buffer.from(script).toString('base64') },
    }),
  );
  ec2.destroy();
  return Instances[0]?.InstanceId ?? '';
}

/** What its row has as its boot report. */
async function bootAttribute(userId: string): Promise<string | undefined> {
  const db = new DynamoDBClient(stage.moto.access);
  const get = new GetItemCommand({ TableName: stage.names.mailboxTable, Key: { id: { S: userId } } });
  const { Item } = await db.send(get);
  db.destroy();
  return Item?.boot?.S;
}

test('proves what its role may, and may not, and powers off', async () => {
  const { report, calls } = await canary(runner);
  expect(report).toMatchObject({ code: 'canary-passed', line: 0, output: `listener: ${RUNNER_VERSION}` });
  const phases = ['started', 'metadata', 'setup', 'mailbox', 'runner', 'logs', 'listener', 'ended'];
  expect(report?.phases.map(({ name }) => name)).toEqual(phases);
  expect(calls).toEqual([
    ...['dynamodb:UpdateItem forwarded', 'dynamodb:UpdateItem AccessDeniedException', 's3:GetObject forwarded'],
    ...['s3:PutObject forwarded', 'dynamodb:UpdateItem forwarded', 's3:PutObject forwarded'],
  ]);
});

test('a role that reaches the rows of others is found out', async () => {
  const tooMuch = { Effect: 'Allow', Action: 'dynamodb:UpdateItem', Resource: '*' };
  const policy = { Version: '2012-10-17', Statement: [tooMuch] };
  const { report } = await canary(runner, { name: 'too-much', policy });
  expect(report).toMatchObject({ code: 'canary-failed', output: expect.stringMatching(/^row of another: /) });
  expect(report?.phases.map(({ name }) => name)).toEqual(['started', 'metadata', 'setup', 'ended']);
});

test('a package that is not there is found out', async () => {
  const { report, calls } = await canary({ ...runner, runnerKey: 'runner/none.tar.gz' });
  expect(report).toMatchObject({ code: 'runner-download' });
  expect(calls.filter((call) => call === 's3:GetObject forwarded')).toHaveLength(3);
});
