/** The contract suites that the local adapters pass, against the AWS adapters and moto. */
import { setTimeout as pause } from 'node:timers/promises';
import { CreateTableCommand, type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAwsCaller } from '../../src/adapters/aws/call-aws.ts';
import { createDynamoDb } from '../../src/adapters/aws/clients.ts';
import { AwsMailbox } from '../../src/adapters/aws/mailbox.ts';
import { AwsQueue } from '../../src/adapters/aws/queue.ts';
import { AwsTable } from '../../src/adapters/aws/table.ts';
import { describeMailbox } from '../../src/adapters/contracts/mailbox.contract.ts';
import { describeQueue, queueSettings } from '../../src/adapters/contracts/queue.contract.ts';
import { describeTable } from '../../src/adapters/contracts/table.contract.ts';
import { type Moto, startMoto } from './moto.ts';

let moto: Moto;
let dynamoDb: DynamoDBClient;
let sqs: SQSClient;

beforeAll(async () => {
  moto = await startMoto();
  dynamoDb = createDynamoDb(moto.access);
  sqs = new SQSClient(moto.access);
  await createTable('state', ['pk', 'sk']);
  await createTable('mailbox', ['id']);
});

afterAll(async () => {
  dynamoDb?.destroy();
  sqs?.destroy();
  await moto?.stop();
});

// Each history is some twenty requests: fewer of them than in memory.
describeTable('aws', async () => new AwsTable(dynamoDb, 'state'), { modelRuns: 20 });

describeQueue('aws', async () => {
  const deadUrl = await createQueue({});
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadUrl, AttributeNames: ['QueueArn'] }),
  );
  const url = await createQueue({
    VisibilityTimeout: String(queueSettings.visibilityTimeoutMs / 1_000),
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: Attributes?.QueueArn,
      maxReceiveCount: queueSettings.maxReceives,
    }),
  });
  return {
    queue: new AwsQueue(
      createAwsCaller({ ...moto.access, endpointOf: () => moto.access.endpoint, clock: Date.now }),
      url,
    ),
    receive: (max) => receive(url, max),
    delete: async (receiptHandle) =>
      void (await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: receiptHandle }))),
    wait: (ms) => pause(ms),
    dead: async () => (await receive(deadUrl, 10)).map(({ body }) => body),
  };
});

describeMailbox('aws', async () => ({ mailbox: new AwsMailbox(dynamoDb, 'mailbox'), take, report }));

test('a letter expires in the unit that DynamoDB knows: seconds', async () => {
  await new AwsMailbox(dynamoDb, 'mailbox').give('expiry', 'letter', 1_999_999_999_001, { id: 1, name: 'a' });
  const { Item } = await dynamoDb.send(new GetItemCommand({ TableName: 'mailbox', Key: marshall({ id: 'expiry' }) }));
  expect(unmarshall(Item ?? {})).toMatchObject({ id: 'expiry', jit: 'letter', expiresAt: 2_000_000_000 });
});

test('a row that is closed expires, too', async () => {
  await new AwsMailbox(dynamoDb, 'mailbox').close('closed', 1_999_999_999_001);
  const { Item } = await dynamoDb.send(new GetItemCommand({ TableName: 'mailbox', Key: marshall({ id: 'closed' }) }));
  expect(unmarshall(Item ?? {})).toEqual({ id: 'closed', jit: 'used', expiresAt: 2_000_000_000 });
});

/** As the boot script takes its letter: only the four attributes that its role may touch, only the old value back. */
async function take(userId: string, at: string): Promise<string | undefined> {
  const request = new UpdateItemCommand({
    TableName: 'mailbox',
    Key: marshall({ id: userId }),
    UpdateExpression: 'SET jit = :used, takenAt = :t',
    ConditionExpression: 'attribute_exists(jit) AND jit <> :used',
    ExpressionAttributeValues: marshall({ ':used': 'used', ':t': at }),
    ReturnValues: 'UPDATED_OLD',
  });
  try {
    return (await dynamoDb.send(request)).Attributes?.jit?.S;
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return undefined;
    throw error;
  }
}

async function report(userId: string, boot: string): Promise<void> {
  const request = {
    TableName: 'mailbox',
    Key: marshall({ id: userId }),
    UpdateExpression: 'SET boot = :boot',
    ExpressionAttributeValues: marshall({ ':boot': boot }),
  };
  await dynamoDb.send(new UpdateItemCommand(request));
}

async function createTable(name: string, keys: readonly string[]): Promise<void> {
  const request = new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: keys.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
  });
  await dynamoDb.send(request);
}

let queues = 0;
async function createQueue(attributes: Record<string, string>): Promise<string> {
  queues += 1;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `queue-${queues}`, Attributes: attributes }));
  return QueueUrl as string;
}

async function receive(url: string, max: number) {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: max,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    }),
  );
  return Messages.map(({ Body = '', ReceiptHandle = '', Attributes }) => ({
    body: Body,
    receiptHandle: ReceiptHandle,
    receiveCount: Number(Attributes?.ApproximateReceiveCount),
  }));
}
