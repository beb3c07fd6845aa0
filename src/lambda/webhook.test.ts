/** The built webhook bundle in a process of its own: its size, its calls and connections, and what it survives. */
import { statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ScriptedServer, type SeenRequest, startScriptedServer } from '../adapters/contracts/scripted-server.ts';
import { queuedPayload, sign } from '../core/webhook/webhook-test-support.ts';
import { type Bundles, buildBundles, type RunningFunction, startFunction } from './lambda-test-support.ts';

type Answer = { readonly statusCode: number; readonly body: string };

let bundles: Bundles;
let aws: ScriptedServer;
let running: RunningFunction<Answer> | undefined;
/** What lies in Secrets Manager. */
let secret: string;
/** 'reset' breaks the connection of the next SendMessage. */
let faults: ('reset' | 'unavailable')[];
let connectionsBefore: number;

beforeAll(async () => {
  bundles = buildBundles();
  aws = await startScriptedServer();
}, 30_000);

beforeEach(() => {
  secret = 'current';
  faults = [];
  aws.seen.length = 0;
  connectionsBefore = aws.connections();
  aws.answer((request) => {
    if (target(request) === 'GetSecretValue') return { status: 200, body: { SecretString: secret } };
    const fault = faults.shift();
    if (fault === 'reset') return 'reset';
    if (fault === 'unavailable') return { status: 503, body: {} };
    return { status: 200, body: { MessageId: 'id', MD5OfMessageBody: 'unchecked' } };
  });
});

afterEach(() => running?.stop());
afterAll(async () => {
  bundles?.remove();
  await aws?.close();
});

const target = ({ headers }: SeenRequest) => String(headers['x-amz-target']).split('.')[1] ?? '';
const calls = () => aws.seen.map(target);
const connections = () => aws.connections() - connectionsBefore;
const connectionsUsed = () => new Set(aws.seen.map(({ connection }) => connection)).size;

const environment = () => ({
  AWS_ENDPOINT_URL: aws.url,
  MAYFLY_OWNER: 'acme',
  MAYFLY_DEPLOYMENT: 'test',
  MAYFLY_POOLS: JSON.stringify([
    { name: 'linux', labels: ['self-hosted', 'linux', 'x64'], priority: 0, publicRepositories: true },
  ]),
  MAYFLY_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/launch',
  MAYFLY_WEBHOOK_SECRET_ARN: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhook',
});

async function start(more: Readonly<Record<string, string>> = {}) {
  running = await startFunction<Answer>(bundles.path('webhook'), { ...environment(), ...more });
  return running;
}

function delivery(signedWith = 'current') {
  const payload = queuedPayload((one) => {
    one.workflow_job.created_at = new Date().toISOString();
  });
  const body = JSON.stringify(payload);
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'workflow_job',
    'x-github-delivery': 'a-guid',
    'x-hub-signature-256': sign(body, signedWith),
  };
  return { version: '2.0', headers, body, isBase64Encoded: false };
}

const statusOf = async (signedWith?: string) => (await running?.invoke(delivery(signedWith)))?.answer?.statusCode;

test('the bundle has at most 20 KB', () => {
  expect(statSync(bundles.path('webhook')).size).toBeLessThanOrEqual(20_000);
});

test('cold: the secret is read at init, and the first event is one SendMessage on a connection that is open', async () => {
  await start();
  expect(calls()).toEqual(['GetSecretValue']);
  expect(await statusOf()).toBe(202);
  expect(calls()).toEqual(['GetSecretValue', 'SendMessage']);
  expect(connections()).toBe(2);
  expect(aws.seen[1]?.body).toMatchObject({ QueueUrl: environment().MAYFLY_QUEUE_URL, DelaySeconds: 0 });
});

test('warm: one call an event, on the same connection', async () => {
  await start();
  for (let n = 0; n < 5; n += 1) expect(await statusOf()).toBe(202);
  expect(calls()).toEqual(['GetSecretValue', ...Array(5).fill('SendMessage')]);
  expect(connectionsUsed()).toBe(1);
});

test('the queue gets its connection at init, where it is another host than the secrets', async () => {
  // "localhost" and "127.0.0.1" are two hosts to the function.
  await start({ AWS_ENDPOINT_URL_SQS: aws.url.replace('127.0.0.1', 'localhost') });
  expect(connections()).toBe(2);
  expect(await statusOf()).toBe(202);
  expect(connections()).toBe(2);
  expect(connectionsUsed()).toBe(2);
});

test('a bad signature calls nobody, and is no event', async () => {
  await start();
  expect(await statusOf('another')).toBe(401);
  expect(calls()).toEqual(['GetSecretValue']);
});

test('init with a dead endpoint does not fail; the secret is read when it is needed', async () => {
  aws.answer(() => 'reset');
  await start();
  expect(await statusOf()).toBe(500);
  aws.answer((request) =>
    target(request) === 'GetSecretValue'
      ? { status: 200, body: { SecretString: secret } }
      : { status: 200, body: { MessageId: 'id' } },
  );
  expect(await statusOf()).toBe(202);
});

test('init with silence takes a second, not more', async () => {
  aws.answer(() => 'silence');
  const startedAt = Date.now();
  await start();
  expect(Date.now() - startedAt).toBeLessThan(2_000);
});

test('a reset is repeated once, on a new connection', async () => {
  await start();
  faults.push('reset');
  expect(await statusOf()).toBe(202);
  expect(calls()).toEqual(['GetSecretValue', 'SendMessage', 'SendMessage']);
  expect(aws.seen[2]?.connection).not.toBe(aws.seen[1]?.connection);
  faults.push('reset', 'reset');
  expect(await statusOf()).toBe(500);
  expect(calls()).toHaveLength(5);
});

test('connections that died while the function was frozen harm nobody', async () => {
  await start();
  expect(await statusOf()).toBe(202);
  aws.dropConnections();
  expect(await statusOf()).toBe(202);
});

test('a queue that refuses is a 500 with a code, so that GitHub notes a failed delivery', async () => {
  await start();
  faults.push('unavailable');
  const { answer } = (await running?.invoke(delivery())) ?? {};
  expect(answer?.statusCode).toBe(500);
  expect(JSON.parse(answer?.body ?? '')).toMatchObject({ reason: 'queue-unavailable', code: 'MF1007' });
});

test('a rotated secret is read again at most once in 30 s', async () => {
  await start();
  secret = 'rotated';
  expect(await statusOf('rotated')).toBe(401);
  expect(calls()).toEqual(['GetSecretValue']);
  await running?.moveClock(30_000);
  expect(await statusOf('rotated')).toBe(202);
  expect(await statusOf('another')).toBe(401);
  expect(calls().filter((call) => call === 'GetSecretValue')).toHaveLength(2);
});

test('two secrets in a JSON list are both good; three are a mistake', async () => {
  secret = '["new","current"]';
  await start();
  expect([await statusOf('new'), await statusOf('current'), await statusOf('old')]).toEqual([202, 202, 401]);
  running?.stop();
  secret = '["a","b","current"]';
  await start();
  expect(await statusOf('current')).toBe(500);
});

test.each(['MAYFLY_OWNER', 'MAYFLY_DEPLOYMENT', 'MAYFLY_POOLS', 'MAYFLY_QUEUE_URL', 'MAYFLY_WEBHOOK_SECRET_ARN'])(
  'without %s it answers 500 with a code',
  async (name) => {
    await start({ [name]: '' });
    const { answer } = (await running?.invoke(delivery())) ?? {};
    expect(answer).toMatchObject({ statusCode: 500, body: expect.stringContaining('MF1006') });
    expect(running?.logged()[0]).toMatchObject({ event: 'not-configured', error: expect.stringContaining(name) });
  },
);

test('the log has a line an event, without payload or secret', async () => {
  await start();
  await statusOf();
  expect(running?.logged()).toEqual([
    { event: 'webhook', delivery: 'a-guid', status: 202, result: 'queued', pool: 'linux' },
  ]);
});
