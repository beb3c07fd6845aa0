/** What the AWS adapters make of faults: the SDK's real clients against a server that answers as DynamoDB and SQS do. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Item, Write } from '../../core/ports.ts';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../contracts/scripted-server.ts';
import { createAwsCaller } from './call-aws.ts';
import { createDynamoDb } from './clients.ts';
import { AwsMailbox } from './mailbox.ts';
import { AwsQueue } from './queue.ts';
import { AwsTable } from './table.ts';

let server: ScriptedServer;
let table: AwsTable;
let mailbox: AwsMailbox;
let queue: AwsQueue;

const error = (status: number, name: string, more: object = {}): ScriptedAnswer => ({
  status,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name, ...more },
});
const cancelled = (...codes: readonly string[]) =>
  error(400, 'TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });

const item = { pk: 'p', sk: 'a', v: 1 };
const put: Write = { kind: 'put', item, ifVersion: 0 };
const two: Write[] = [put, { kind: 'delete', key: { pk: 'p', sk: 'b' }, ifVersion: 1 }];
const add: Write = { kind: 'add', key: { pk: 'p', sk: 'n' }, attribute: 'n', amount: 1 };

beforeAll(async () => {
  server = await startScriptedServer();
  const access = {
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  };
  const once = { attempts: 1, connectMs: 300, answerMs: 300 };
  table = new AwsTable(createDynamoDb(access, once), 'state');
  mailbox = new AwsMailbox(createDynamoDb(access, once), 'mailbox');
  queue = new AwsQueue(
    createAwsCaller({ ...access, endpointOf: () => server.url, clock: Date.now }),
    `${server.url}/123456789012/queue`,
  );
});

afterEach(() => {
  server.seen.length = 0;
});

afterAll(() => server.close());

const operations = () => server.seen.map(({ headers }) => String(headers['x-amz-target']).split('.')[1]);

test.each<[string, ScriptedAnswer, object]>([
  ['a throttled table', error(400, 'ThrottlingException'), { kind: 'throttled' }],
  ['a throttled partition', error(400, 'ProvisionedThroughputExceededException'), { kind: 'throttled' }],
  ['an internal error', error(500, 'InternalServerError'), { kind: 'unavailable' }],
  ['a 503 that is no JSON', { status: 503, body: '<html>' }, { kind: 'unavailable' }],
  ['a reset', 'reset', { kind: 'unavailable' }],
  ['no answer', 'silence', { kind: 'unavailable' }],
  ['half an answer', 'half', { kind: 'unavailable' }],
  ['a transaction under way', error(400, 'TransactionConflictException'), { kind: 'conflict', failed: [] }],
  ['a failed condition', error(400, 'ConditionalCheckFailedException'), { kind: 'conflict', failed: [0] }],
])('one write meets %s', async (_, answer, outcome) => {
  server.script(answer);
  expect(await table.write([put])).toEqual(outcome);
  expect(operations()).toEqual(['PutItem']);
});

test.each<[string, ScriptedAnswer, object]>([
  ['failed conditions', cancelled('None', 'ConditionalCheckFailed'), { kind: 'conflict', failed: [1] }],
  ['both kinds', cancelled('TransactionConflict', 'ConditionalCheckFailed'), { kind: 'conflict', failed: [1] }],
  ['another transaction', cancelled('TransactionConflict', 'None'), { kind: 'conflict', failed: [] }],
  ['throttling', cancelled('None', 'ThrottlingError'), { kind: 'throttled' }],
  ['a hot partition', cancelled('ProvisionedThroughputExceeded', 'None'), { kind: 'throttled' }],
  ['our own first try', error(400, 'TransactionInProgressException'), { kind: 'unavailable' }],
])('a transaction meets %s', async (_, answer, outcome) => {
  server.script(answer);
  expect(await table.write(two)).toEqual(outcome);
  expect(operations()).toEqual(['TransactWriteItems']);
});

test.each<[string, ScriptedAnswer]>([
  ['a wrong request', error(400, 'ValidationException')],
  ['a missing table', error(400, 'ResourceNotFoundException')],
  ['a missing permission', error(400, 'AccessDeniedException')],
  ['a wrong write in a transaction', cancelled('ConditionalCheckFailed', 'ValidationError')],
])('%s is a bug: it throws', async (_, answer) => {
  server.script(answer, answer, answer);
  await expect(table.write(two)).rejects.toThrow();
  await expect(table.read([item])).rejects.toThrow();
  await expect(table.query('p')).rejects.toThrow();
});

test('each write that stands alone is its own request, but an addition is a transaction with a token', async () => {
  server.answer(() => ({ status: 200, body: {} }));
  for (const write of [...two, add]) expect(await table.write([write])).toEqual({ kind: 'ok' });
  expect(operations()).toEqual(['PutItem', 'DeleteItem', 'TransactWriteItems']);
  expect(server.seen[2]?.body).toMatchObject({ ClientRequestToken: expect.any(String) });
});

test('an addition repeated by the client after a lost reply carries the same token', async () => {
  const access = { endpoint: server.url, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  const repeating = new AwsTable(createDynamoDb(access, { attempts: 2, connectMs: 300, answerMs: 300 }), 'state');
  server.script('reset', { status: 200, body: {} });
  expect(await repeating.write([add])).toEqual({ kind: 'ok' });
  const tokens = server.seen.map(({ body }) => (body as { ClientRequestToken: string }).ClientRequestToken);
  expect(tokens).toHaveLength(2);
  expect(tokens[0]).toBe(tokens[1]);
});

const row = ({ pk, sk }: Pick<Item, 'pk' | 'sk'>) => ({ pk: { S: pk }, sk: { S: sk }, v: { N: '1' } });
const keyRow = ({ pk, sk }: Pick<Item, 'pk' | 'sk'>) => ({ pk: { S: pk }, sk: { S: sk } });
const other = { pk: 'p', sk: 'b', v: 1 };

test('a read asks again for what was left unprocessed, consistently', async () => {
  server.script(
    {
      status: 200,
      body: { Responses: { state: [row(other)] }, UnprocessedKeys: { state: { Keys: [keyRow(item)] } } },
    },
    { status: 200, body: { Responses: { state: [row(item)] }, UnprocessedKeys: {} } },
  );
  expect(await table.read([item, other])).toEqual([item, other]);
  const asked = server.seen.map(({ body }) => (body as { RequestItems: { state: unknown } }).RequestItems.state);
  expect(asked).toEqual([
    { Keys: [keyRow(item), keyRow(other)], ConsistentRead: true },
    { Keys: [keyRow(item)], ConsistentRead: true },
  ]);
});

test('a read gives up on what is never processed', async () => {
  server.answer(() => ({ status: 200, body: { UnprocessedKeys: { state: { Keys: [keyRow(item)] } } } }));
  expect(await table.read([item])).toBe('unavailable');
  expect(server.seen).toHaveLength(6);
});

test.each<[string, ScriptedAnswer]>([
  ['throttling', error(400, 'ThrottlingException')],
  ['an internal error', error(500, 'InternalServerError')],
  ['a reset', 'reset'],
])('a read that meets %s is unavailable', async (_, answer) => {
  server.answer(() => answer);
  expect(await table.read([item])).toBe('unavailable');
  expect(await table.query('p')).toBe('unavailable');
  expect(await mailbox.read(['a'])).toBe('unavailable');
});

test('a query is consistent', async () => {
  server.script({ status: 200, body: { Items: [row(item)] } });
  expect(await table.query('p')).toEqual({ items: [item] });
  expect(server.seen[0]?.body).toMatchObject({ ConsistentRead: true });
});

test.each<[ScriptedAnswer, string]>([
  [error(400, 'ConditionalCheckFailedException'), 'already'],
  [error(400, 'ThrottlingException'), 'throttled'],
  [error(500, 'InternalServerError'), 'unavailable'],
  ['reset', 'unavailable'],
])('a letter that meets %o is %s', async (answer, outcome) => {
  server.script(answer);
  expect(await mailbox.give('a', 'letter', 0, { id: 1, name: 'a' })).toBe(outcome);
});

test('what a rogue instance wrote is no mail', async () => {
  const rogue = { id: { S: 'a' }, jit: { N: '1' }, takenAt: { M: {} }, boot: { L: [] } };
  server.script({ status: 200, body: { Responses: { mailbox: [rogue] } } });
  expect(await mailbox.read(['a'])).toEqual([{ id: 'a', given: true, taken: false }]);
});

test.each<[ScriptedAnswer, string]>([
  [error(400, 'RequestThrottled'), 'throttled'],
  [error(400, 'KmsThrottled'), 'throttled'],
  [{ status: 503, body: {} }, 'unavailable'],
  ['reset', 'unavailable'],
  ['silence', 'unavailable'],
])('a message that meets %o is %s', async (answer, outcome) => {
  server.script(answer);
  expect(await queue.send('body')).toBe(outcome);
});

test('a queue that is not there is a bug: it throws', async () => {
  server.script(error(400, 'QueueDoesNotExist'));
  await expect(queue.send('body')).rejects.toThrow();
});

test('a delay is rounded up to seconds', async () => {
  server.script({ status: 200, body: { MessageId: 'm', MD5OfMessageBody: '841a2d689ad86bd1611447453c22c6fc' } });
  expect(await queue.send('body', 1_001)).toBe('ok');
  expect(server.seen[0]?.body).toMatchObject({ MessageBody: 'body', DelaySeconds: 2 });
});
