/** Our extension of moto behaves as EC2, DynamoDB and EventBridge do where launches depend on it. */
import { DynamoDBClient, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateFleetCommand,
  type CreateFleetCommandInput,
  CreateLaunchTemplateCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Moto, startMoto } from './moto.ts';
import { MotoControl } from './stage/moto-control.ts';

let moto: Moto;
let control: MotoControl;
let ec2: EC2Client;
let template: string;

beforeAll(async () => {
  moto = await startMoto();
  control = new MotoControl(moto.access.endpoint);
  ec2 = new EC2Client({ ...moto.access, maxAttempts: 1 });
  const made = await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'a-pool',
      LaunchTemplateData: {
        ImageId: 'resolve:ssm:/aws/service/canonical/ubuntu/image',
        UserData: Buffer.from('#!/bin/bash\n').toString('base64'),
        InstanceInitiatedShutdownBehavior: 'terminate',
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
        BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { VolumeSize: 100, Encrypted: true } }],
      },
    }),
  );
  template = made.LaunchTemplate?.LaunchTemplateId as string;
});
afterAll(() => moto?.stop());
beforeEach(() => control.setCapacity({ spot: null, 'on-demand': null }));

const request = (token: string, count: number, market: 'spot' | 'on-demand' = 'spot'): CreateFleetCommandInput => ({
  Type: 'instant',
  ClientToken: token,
  LaunchTemplateConfigs: [
    {
      LaunchTemplateSpecification: { LaunchTemplateId: template, Version: '1' },
      Overrides: [{ InstanceType: 'm6i.large' }, { InstanceType: 'm7i.large' }],
    },
  ],
  TargetCapacitySpecification: { TotalTargetCapacity: count, DefaultTargetCapacityType: market },
  TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'k', Value: token }] }],
});

async function launch(...parameters: Parameters<typeof request>) {
  const reply = await ec2.send(new CreateFleetCommand(request(...parameters)));
  return {
    ids: (reply.Instances ?? []).flatMap((part) => part.InstanceIds ?? []),
    errors: [...new Set((reply.Errors ?? []).map(({ ErrorCode }) => ErrorCode))],
  };
}

async function describe(id: string) {
  const reply = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return reply.Reservations?.[0]?.Instances?.[0];
}

test('a fleet is launched once for a token, and never anew with other parameters', async () => {
  const first = await launch('once', 3);
  expect(first.ids).toHaveLength(3);
  expect(await launch('once', 3)).toEqual(first);
  await expect(launch('once', 4)).rejects.toThrow(expect.objectContaining({ name: 'IdempotentParameterMismatch' }));
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: first.ids.slice(0, 1) }));
  await expect(launch('once', 3)).rejects.toThrow(expect.objectContaining({ name: 'IdempotentInstanceTerminated' }));
});

test('capacity is counted by market, and what is lacking is an error by override', async () => {
  await control.setCapacity({ spot: 2, 'on-demand': 1 });
  const part = await launch('part', 5);
  expect([part.ids.length, part.errors]).toEqual([2, ['UnfulfillableCapacity']]);
  expect(await launch('none', 1)).toEqual({ ids: [], errors: ['UnfulfillableCapacity'] });
  const onDemand = await launch('part-od', 2, 'on-demand');
  expect([onDemand.ids.length, onDemand.errors]).toEqual([1, ['InsufficientInstanceCapacity']]);
  await control.failFleets('AuthFailure.ServiceLinkedRoleCreationNotPermitted');
  expect(await launch('refused', 1)).toEqual({
    ids: [],
    errors: ['AuthFailure.ServiceLinkedRoleCreationNotPermitted'],
  });
  const wrong = {
    ...request('wrong', 1, 'on-demand'),
    OnDemandOptions: { AllocationStrategy: 'diversified' as never },
  };
  await expect(ec2.send(new CreateFleetCommand(wrong))).rejects.toThrow('diversified');
});

test('a choice without capacity is an error even when others fill the fleet', async () => {
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const subnetId = Subnets[0]?.SubnetId ?? '';
  const launchIn = (token: string) =>
    ec2.send(
      new CreateFleetCommand({
        ...request(token, 2),
        LaunchTemplateConfigs: [
          {
            LaunchTemplateSpecification: { LaunchTemplateId: template, Version: '1' },
            Overrides: ['m6i.large', 'm7i.large'].map((InstanceType) => ({
              InstanceType: InstanceType as 'm6i.large',
              SubnetId: subnetId,
            })),
          },
        ],
      }),
    );
  await control.setExhausted([{ instanceType: 'm6i.large', subnetId }]);
  const filled = await launchIn('hole');
  expect(filled.Instances).toMatchObject([{ InstanceType: 'm7i.large', InstanceIds: { length: 2 } }]);
  expect(filled.Errors).toMatchObject([
    {
      ErrorCode: 'UnfulfillableCapacity',
      LaunchTemplateAndOverrides: { Overrides: { InstanceType: 'm6i.large', SubnetId: subnetId } },
    },
  ]);
  await control.setExhausted(['m6i.large', 'm7i.large'].map((instanceType) => ({ instanceType, subnetId })));
  const none = await launchIn('holes');
  expect([none.Instances ?? [], none.Errors?.length]).toEqual([[], 2]);
  await control.setExhausted([]);
});

test('an instance is pending, then running, and is what the launch template says', async () => {
  const [id = ''] = (await launch('shape', 1)).ids;
  expect((await describe(id))?.State?.Name).toBe('pending');
  await expect.poll(async () => (await describe(id))?.State?.Name, { timeout: 3_000 }).toBe('running');
  expect(await describe(id)).toMatchObject({
    ImageId: expect.stringMatching(/^ami-[0-9a-f]{17}$/),
    InstanceType: 'm6i.large',
    InstanceLifecycle: 'spot',
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    Tags: expect.arrayContaining([{ Key: 'k', Value: 'shape' }]),
  });
  const userData = new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'userData' });
  const encoded = (await ec2.send(userData)).UserData?.Value ?? '';
  expect(Buffer.from(encoded, 'base64').toString()).toBe('#!/bin/bash\n');
});

test('a shutdown from inside terminates, and every change is told once', async () => {
  const [id = ''] = (await launch('ends', 1)).ids;
  await expect.poll(async () => (await describe(id))?.State?.Name, { timeout: 3_000 }).toBe('running');
  await control.happen(id, 'shutdown');
  expect(await describe(id)).toMatchObject({
    State: { Name: 'terminated' },
    StateReason: { Code: 'Client.InstanceInitiatedShutdown' },
  });
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  const states = (await control.changes()).filter(({ instanceId }) => instanceId === id).map(({ state }) => state);
  expect(states).toEqual(['pending', 'running', 'shutting-down', 'terminated']);
});

test('a transaction is done once for its token', async () => {
  const db = new DynamoDBClient({ ...moto.access, maxAttempts: 1 });
  const { CreateTableCommand, GetItemCommand } = await import('@aws-sdk/client-dynamodb');
  await db.send(
    new CreateTableCommand({
      TableName: 'counters',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
  const add = (amount: string) => ({
    ClientRequestToken: 'token-1',
    TransactItems: [
      {
        Update: {
          TableName: 'counters',
          Key: { id: { S: 'a' } },
          UpdateExpression: 'ADD n :n',
          ExpressionAttributeValues: { ':n': { N: amount } },
        },
      },
    ],
  });
  await db.send(new TransactWriteItemsCommand(add('1')));
  await db.send(new TransactWriteItemsCommand(add('1')));
  const read = await db.send(new GetItemCommand({ TableName: 'counters', Key: { id: { S: 'a' } } }));
  expect(read.Item?.n).toEqual({ N: '1' });
  await expect(db.send(new TransactWriteItemsCommand(add('2')))).rejects.toThrow(
    expect.objectContaining({ name: 'IdempotentParameterMismatchException' }),
  );
});
