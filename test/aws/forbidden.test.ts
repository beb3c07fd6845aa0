/** What nobody may do, tried with the real credentials of each role against the deployed policies. */
import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateFleetCommand,
  CreateTagsCommand,
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TAGS, WEBHOOK_ENV } from '../../src/constructs/contract.ts';
import type { MotoAccess } from './moto.ts';
import type { FunctionName } from './stage/deployed.ts';
import { launchAsRoot, oneInstance } from './stage/launch-as-root.ts';
import { enterInstance, type ScriptedInstance, TAKE } from './stage/scripted-instance.ts';
import { openStage, type Stage } from './stage/stage.ts';

let stage: Stage;
/** Ids of instances. */
let ours: string;
let foreign: string;
let instance: ScriptedInstance;

beforeAll(async () => {
  stage = await openStage();
  ours = await launchAsRoot(stage, 'linux', stage.names.deploymentId);
  foreign = await launchAsRoot(stage, 'linux', 'another');
  instance = await enterInstance(stage, ours);
}, 120_000);
afterAll(() => stage?.close());

/** A fleet of one, for a deployment, from a template. */
const fleet = (deployment: string, template?: string) => oneInstance(stage, 'linux', deployment, template);

const clients = (access: MotoAccess) => ({
  db: new DynamoDBClient({ ...access, maxAttempts: 1 }),
  ec2: new EC2Client({ ...access, maxAttempts: 1 }),
  s3: new S3Client({ ...access, maxAttempts: 1, forcePathStyle: true }),
  secrets: new SecretsManagerClient({ ...access, maxAttempts: 1 }),
  sqs: new SQSClient({ ...access, maxAttempts: 1 }),
  ssm: new SSMClient({ ...access, maxAttempts: 1 }),
});
type Clients = ReturnType<typeof clients>;

const DENIED = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation)$/;

/** Refused by the gate, and by nothing before or behind it. */
async function expectDenied(call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => new Error('it was allowed'),
    (reason: Error) => reason,
  );
  expect(error.name === 'Error' ? error.message : error.name).toMatch(DENIED);
  // Decided by a policy: a call that the evaluator does not understand is refused with other words.
  expect(error.message).toContain('not authorized: denied: ');
}

async function asFunction(name: FunctionName): Promise<Clients> {
  const { Role } = stage.deployed.functionNamed(name).properties;
  const credentials = stage.gate.admit(await stage.deployed.principal(Role, 'a-probe'));
  return clients({ endpoint: stage.gate.url, region: stage.moto.access.region, credentials });
}

const webhookSecret = () => stage.deployed.variableOf('webhook', WEBHOOK_ENV.secretArn);

const row = (id: string) => ({ TableName: stage.names.mailboxTable, Key: { id: { S: id } } });

describe('an instance', () => {
  const as = () => clients(instance.access);

  test('may do what the boot script does', async () => {
    const report = { UpdateExpression: 'SET boot = :b', ExpressionAttributeValues: { ':b': { S: '{}' } } };
    await as().db.send(new UpdateItemCommand({ ...row(instance.userId), ...report }));
    const taken = as().db.send(new UpdateItemCommand({ ...row(instance.userId), ...TAKE }));
    await expect(taken).rejects.toThrow(expect.objectContaining({ name: 'ConditionalCheckFailedException' }));
    const Key = `logs/${instance.userId}/boot.log`;
    await as().s3.send(new PutObjectCommand({ Bucket: stage.names.bucket, Key, Body: 'log' }));
    const missing = as().s3.send(new GetObjectCommand({ Bucket: stage.names.bucket, Key: 'runner/none' }));
    // It may not list, so S3 does not tell it that there is none.
    await expect(missing).rejects.toThrow(expect.objectContaining({ name: 'AccessDenied' }));
  });

  test.each<[string, (as: Clients) => Promise<unknown>]>([
    [
      'take from the row of another',
      ({ db }) => db.send(new UpdateItemCommand({ ...row(`AROA:${foreign}`), ...TAKE })),
    ],
    [
      'see all of its row',
      ({ db }) => db.send(new UpdateItemCommand({ ...row(instance.userId), ...TAKE, ReturnValues: 'ALL_OLD' })),
    ],
    [
      'write another attribute',
      ({ db }) => {
        const write = { UpdateExpression: 'SET expiresAt = :e', ExpressionAttributeValues: { ':e': { N: '1' } } };
        return db.send(new UpdateItemCommand({ ...row(instance.userId), ...write }));
      },
    ],
    ['read its row', ({ db }) => db.send(new GetItemCommand(row(instance.userId)))],
    ['delete its row', ({ db }) => db.send(new DeleteItemCommand(row(instance.userId)))],
    ['list rows', ({ db }) => db.send(new ScanCommand({ TableName: stage.names.mailboxTable }))],
    ['read the state', ({ db }) => db.send(new ScanCommand({ TableName: stage.names.table }))],
    ['launch a fleet', ({ ec2 }) => ec2.send(new CreateFleetCommand(fleet(stage.names.deploymentId)))],
    [
      'launch an instance',
      ({ ec2 }) => ec2.send(new RunInstancesCommand({ MinCount: 1, MaxCount: 1, ImageId: 'ami-1' })),
    ],
    ['terminate itself', ({ ec2 }) => ec2.send(new TerminateInstancesCommand({ InstanceIds: [ours] }))],
    ['tag', ({ ec2 }) => ec2.send(new CreateTagsCommand({ Resources: [ours], Tags: [{ Key: 'a', Value: 'b' }] }))],
    ['list instances', ({ ec2 }) => ec2.send(new DescribeInstancesCommand({}))],
    [
      'read the App secret',
      ({ secrets }) => secrets.send(new GetSecretValueCommand({ SecretId: stage.names.appSecretArn })),
    ],
    ['read the queue', ({ sqs }) => sqs.send(new ReceiveMessageCommand({ QueueUrl: stage.names.queueUrl }))],
    [
      'write to the log of another',
      ({ s3 }) =>
        s3.send(new PutObjectCommand({ Bucket: stage.names.bucket, Key: `logs/AROA:${foreign}/x`, Body: 'x' })),
    ],
    [
      'read its log',
      ({ s3 }) =>
        s3.send(new GetObjectCommand({ Bucket: stage.names.bucket, Key: `logs/${instance.userId}/boot.log` })),
    ],
    [
      'replace the runner',
      ({ s3 }) =>
        s3.send(new PutObjectCommand({ Bucket: stage.names.bucket, Key: 'runner/linux-x64/x.tar.gz', Body: 'x' })),
    ],
    ['delete a runner', ({ s3 }) => s3.send(new DeleteObjectCommand({ Bucket: stage.names.bucket, Key: 'runner/x' }))],
    ['list the bucket', ({ s3 }) => s3.send(new ListObjectsV2Command({ Bucket: stage.names.bucket }))],
    ['read a parameter', ({ ssm }) => ssm.send(new GetParameterCommand({ Name: '/a' }))],
  ])('may not %s', (_, probe) => expectDenied(probe(as())));
});

describe('the webhook function', () => {
  test.each<[string, (as: Clients) => Promise<unknown>]>([
    ['launch', ({ ec2 }) => ec2.send(new CreateFleetCommand(fleet(stage.names.deploymentId)))],
    ['terminate', ({ ec2 }) => ec2.send(new TerminateInstancesCommand({ InstanceIds: [ours] }))],
    [
      'read the App secret',
      ({ secrets }) => secrets.send(new GetSecretValueCommand({ SecretId: stage.names.appSecretArn })),
    ],
    ['read the queue', ({ sqs }) => sqs.send(new ReceiveMessageCommand({ QueueUrl: stage.names.queueUrl }))],
    ['read the state', ({ db }) => db.send(new ScanCommand({ TableName: stage.names.table }))],
    ['write mail', ({ db }) => db.send(new UpdateItemCommand({ ...row('AROA:i-1'), ...TAKE }))],
  ])('may not %s', async (_, probe) => expectDenied(probe(await asFunction('webhook'))));
});

describe('the dispatch function', () => {
  const as = () => asFunction('dispatch');

  test('may terminate what is ours', async () => {
    const { ec2 } = await as();
    const mine = await launchAsRoot(stage, 'linux', stage.names.deploymentId);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [mine] }));
  });

  test.each<[string, (as: Clients) => Promise<unknown>]>([
    [
      'terminate an instance of another deployment',
      ({ ec2 }) => ec2.send(new TerminateInstancesCommand({ InstanceIds: [foreign] })),
    ],
    ['launch for another deployment', ({ ec2 }) => ec2.send(new CreateFleetCommand(fleet('another')))],
    [
      'launch from another template',
      ({ ec2 }) => ec2.send(new CreateFleetCommand(fleet(stage.names.deploymentId, 'lt-0foreign'))),
    ],
    [
      'launch without our tag',
      ({ ec2 }) => ec2.send(new CreateFleetCommand({ ...fleet(stage.names.deploymentId), TagSpecifications: [] })),
    ],
    [
      'tag what runs',
      ({ ec2 }) =>
        ec2.send(
          new CreateTagsCommand({
            Resources: [foreign],
            Tags: [{ Key: TAGS.deployment, Value: stage.names.deploymentId }],
          }),
        ),
    ],
    [
      'read the webhook secret',
      ({ secrets }) => secrets.send(new GetSecretValueCommand({ SecretId: webhookSecret() })),
    ],
    [
      'write to the bucket',
      ({ s3 }) => s3.send(new PutObjectCommand({ Bucket: stage.names.bucket, Key: 'runner/x', Body: 'x' })),
    ],
    ['read a foreign parameter', ({ ssm }) => ssm.send(new GetParameterCommand({ Name: '/another' }))],
  ])('may not %s', async (_, probe) => expectDenied(probe(await as())));
});

describe('the reconcile function', () => {
  const as = () => asFunction('reconcile');

  test('may look at instances, and terminate what is ours', async () => {
    const { ec2 } = await as();
    const mine = await launchAsRoot(stage, 'linux', stage.names.deploymentId);
    const Filters = [{ Name: `tag:${TAGS.deployment}`, Values: [stage.names.deploymentId] }];
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }));
    const ids = Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId));
    expect(ids).toContain(mine);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [mine] }));
  });

  test.each<[string, (as: Clients) => Promise<unknown>]>([
    [
      'terminate an instance of another deployment',
      ({ ec2 }) => ec2.send(new TerminateInstancesCommand({ InstanceIds: [foreign] })),
    ],
    ['launch for another deployment', ({ ec2 }) => ec2.send(new CreateFleetCommand(fleet('another')))],
    ['take messages', ({ sqs }) => sqs.send(new ReceiveMessageCommand({ QueueUrl: stage.names.queueUrl }))],
    [
      'read the webhook secret',
      ({ secrets }) => secrets.send(new GetSecretValueCommand({ SecretId: webhookSecret() })),
    ],
    ['delete mail', ({ db }) => db.send(new DeleteItemCommand(row('AROA:i-1')))],
    [
      'write to the bucket',
      ({ s3 }) => s3.send(new PutObjectCommand({ Bucket: stage.names.bucket, Key: 'runner/x', Body: 'x' })),
    ],
  ])('may not %s', async (_, probe) => expectDenied(probe(await as())));
});

describe('the runner-cache function', () => {
  test.each<[string, (as: Clients) => Promise<unknown>]>([
    ['launch', ({ ec2 }) => ec2.send(new CreateFleetCommand(fleet(stage.names.deploymentId)))],
    [
      'read logs of instances',
      ({ s3 }) => s3.send(new GetObjectCommand({ Bucket: stage.names.bucket, Key: 'logs/x' })),
    ],
    [
      'read jobs',
      ({ db }) =>
        db.send(new GetItemCommand({ TableName: stage.names.table, Key: { pk: { S: 'job#1' }, sk: { S: '-' } } })),
    ],
    ['write mail', ({ db }) => db.send(new UpdateItemCommand({ ...row('AROA:i-1'), ...TAKE }))],
  ])('may not %s', async (_, probe) => expectDenied(probe(await asFunction('runner-cache'))));
});

describe('nobody', () => {
  test('gets in with a wrong key, without a signature, or with credentials that were taken back', async () => {
    const wrong = { ...instance.access.credentials, secretAccessKey: 'wrong' };
    const asWrong = clients({ ...instance.access, credentials: wrong });
    await expect(asWrong.db.send(new ScanCommand({ TableName: 'x' }))).rejects.toThrow('signature');
    expect((await fetch(stage.gate.url, { method: 'POST', body: '{}' })).status).toBe(403);
    const gone = await enterInstance(stage, ours);
    stage.gate.dismiss(gone.access.credentials.accessKeyId);
    await expect(clients(gone.access).db.send(new ScanCommand({ TableName: 'x' }))).rejects.toThrow('access key');
  });
});
