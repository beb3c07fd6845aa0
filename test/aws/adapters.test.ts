/** Fleet, runner store, settings and the end of a deployment, against moto. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateLaunchTemplateCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAppCredentials } from '../../src/adapters/aws/app-credentials.ts';
import { type AwsCaller, createAwsCaller } from '../../src/adapters/aws/call-aws.ts';
import { createS3 } from '../../src/adapters/aws/clients.ts';
import { emptyBucket } from '../../src/adapters/aws/empty-bucket.ts';
import { endInstances } from '../../src/adapters/aws/end-instances.ts';
import { AwsFleet } from '../../src/adapters/aws/fleet.ts';
import { readPools } from '../../src/adapters/aws/pools.ts';
import { AwsRunnerStore } from '../../src/adapters/aws/runner-store.ts';
import { AwsWebhookSecrets } from '../../src/adapters/aws/webhook-secrets.ts';
import { describeFleet, launchOf } from '../../src/adapters/contracts/fleet.contract.ts';
import { describeRunnerStore } from '../../src/adapters/contracts/runner-store.contract.ts';
import { aPool } from '../../src/core/pool-test-support.ts';
import type { Pool } from '../../src/core/types.ts';
import { type Moto, startMoto } from './moto.ts';
import { MotoControl } from './stage/moto-control.ts';

const BUCKET = 'packages';

let moto: Moto;
let caller: AwsCaller;
let ec2: EC2Client;
let s3: S3Client;
let pool: Pool;

beforeAll(async () => {
  moto = await startMoto();
  caller = createAwsCaller({ ...moto.access, endpointOf: () => moto.access.endpoint, clock: Date.now });
  ec2 = new EC2Client(moto.access);
  s3 = createS3(moto.access);
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  pool = await createPool();
});

afterAll(async () => {
  ec2?.destroy();
  s3?.destroy();
  await moto?.stop();
});

async function createPool(): Promise<Pool> {
  const { Images } = await ec2.send(new DescribeImagesCommand({}));
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const { LaunchTemplate } = await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'linux',
      LaunchTemplateData: { ImageId: Images?.[0]?.ImageId },
    }),
  );
  const fleet = {
    ...aPool().fleet,
    instanceTypes: ['m5.large', 'm6i.large'],
    subnetIds: Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId as string),
  };
  return aPool({ fleet, launchTemplate: { id: LaunchTemplate?.LaunchTemplateId as string, version: '1' } });
}

async function instancesOf(deploymentId: string, launchId?: string) {
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({
      Filters: [
        { Name: 'tag:mayfly:deployment', Values: [deploymentId] },
        ...(launchId === undefined ? [] : [{ Name: 'tag:mayfly:launch', Values: [launchId] }]),
        { Name: 'instance-state-name', Values: ['pending', 'running'] },
      ],
    }),
  );
  return Reservations.flatMap(({ Instances = [] }) => Instances);
}

describeFleet('aws', async () => ({
  fleet: new AwsFleet(caller, 'blue'),
  pool,
  living: async (launchId) => (await instancesOf('blue', launchId)).map(({ InstanceId }) => InstanceId as string),
}));

test('an instance carries our tags, and is of the pool', async () => {
  await new AwsFleet(caller, 'tags').launch(launchOf(pool, 'mf-tags-1', 1));
  const [instance] = await instancesOf('tags');
  const tags = Object.fromEntries((instance?.Tags ?? []).map(({ Key = '', Value }) => [Key, Value]));
  expect(tags).toMatchObject({ 'mayfly:deployment': 'tags', 'mayfly:pool': 'linux', 'mayfly:launch': 'mf-tags-1' });
  expect(pool.fleet.instanceTypes).toContain(instance?.InstanceType);
  expect(pool.fleet.subnetIds).toContain(instance?.SubnetId);
});

test('the next launch leaves out what had nothing', async () => {
  const control = new MotoControl(moto.access.endpoint);
  const fleet = new AwsFleet(caller, 'short');
  const [instanceType = ''] = pool.fleet.instanceTypes;
  const empty = pool.fleet.subnetIds.map((subnetId) => ({ instanceType, subnetId }));
  await control.setExhausted(empty);
  await control.setCapacity({ 'on-demand': 2 });
  const filled = await fleet.launch(launchOf(pool, 'mf-short-1', 1));
  expect(filled).toEqual({ kind: 'ok', instanceIds: [expect.any(String)] });
  const part = await fleet.launch(launchOf(pool, 'mf-short-2', 2));
  expect(part).toMatchObject({ kind: 'ok', instanceIds: { length: 1 } });
  expect(part.kind === 'ok' && part.exhausted).toHaveLength(4);
  await control.setCapacity({ 'on-demand': null });
  const shape = { ...pool.fleet, exhausted: empty };
  await fleet.launch(launchOf(pool, 'mf-short-3', 3, { fleet: shape }));
  const types = (await instancesOf('short')).map(({ InstanceType }) => InstanceType);
  expect(types).toHaveLength(5);
  expect(types).not.toContain(instanceType);
  await control.setExhausted([]);
});

test('the end of a deployment ends its instances and no others', async () => {
  await new AwsFleet(caller, 'red').launch(launchOf(pool, 'mf-red-1', 3));
  await new AwsFleet(caller, 'green').launch(launchOf(pool, 'mf-green-1', 1));
  const deps = { caller, clock: Date.now, pause: () => pause(50) };
  expect(await endInstances(deps, 'red')).toBe(3);
  expect(await instancesOf('red')).toEqual([]);
  expect(await instancesOf('green')).toHaveLength(1);
});

describeRunnerStore('aws', async () => ({
  store: new AwsRunnerStore(s3, BUCKET),
  open: async (Key) => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: Key }));
    if (Contents.length === 0) return undefined;
    return (await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))).Body?.transformToByteArray();
  },
}));

test('a bucket is emptied', async () => {
  await new AwsRunnerStore(s3, BUCKET).has('runner/any');
  await emptyBucket(s3, BUCKET);
  expect((await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }))).KeyCount).toBe(0);
});

test('pools come from their parameters', async () => {
  const { fleet, launchTemplate, ...same } = pool;
  const Value = JSON.stringify({
    ...same,
    ...fleet,
    launchTemplateId: launchTemplate.id,
    launchTemplateVersion: launchTemplate.version,
  });
  await new SSMClient(moto.access).send(new PutParameterCommand({ Name: '/blue/linux', Value, Type: 'String' }));
  expect(await readPools(caller, ['/blue/linux'])).toEqual(new Map([['linux', pool]]));
  await expect(readPools(caller, ['/blue/linux', '/blue/gone'])).rejects.toThrow(/MF1006 .*\/blue\/gone/);
});

test('secrets: not configured without a value, then read', async () => {
  const client = new SecretsManagerClient(moto.access);
  const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: 'app' }));
  const webhook = new AwsWebhookSecrets(caller, ARN, Date.now, () => {});
  await expect(readAppCredentials(caller, ARN)).rejects.toThrow(/MF1006/);
  expect(await webhook.read()).toBeUndefined();
  const SecretString = JSON.stringify({ appId: '12', privateKey: 'PEM', installationId: '7' });
  await client.send(new PutSecretValueCommand({ SecretId: ARN, SecretString }));
  expect(await readAppCredentials(caller, ARN)).toEqual({ appId: '12', privateKey: 'PEM', installationId: 7 });
  await client.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: '["new","old"]' }));
  expect(await webhook.read()).toEqual(['new', 'old']);
});
