/** The built dispatch bundle: what it answers to SQS, what it keeps and for how long. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type ScriptedAnswer,
  type ScriptedServer,
  type SeenRequest,
  startScriptedServer,
} from '../adapters/contracts/scripted-server.ts';
import { type Bundles, buildBundles, type RunningFunction, startFunction } from './lambda-test-support.ts';

type Answer = { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] };

const privateKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;

let bundles: Bundles;
let server: ScriptedServer;
let running: RunningFunction<Answer> | undefined;
/** Answers in place of the usual ones, by operation. */
let answers: Record<string, ScriptedAnswer>;

const parameter = {
  name: 'linux',
  labels: ['linux'],
  priority: 0,
  publicRepositories: false,
  platform: 'linux-x64',
  scope: { kind: 'organization', organization: 'acme' },
  launchTemplateId: 'lt-1',
  launchTemplateVersion: '1',
  maxRunners: 10,
};

const usual: Record<string, ScriptedAnswer> = {
  GetParameters: { status: 200, body: { Parameters: [{ Name: '/blue/linux', Value: JSON.stringify(parameter) }] } },
  GetSecretValue: {
    status: 200,
    body: { SecretString: JSON.stringify({ appId: 12, privateKey, installationId: 7 }) },
  },
  '/app/installations/7/access_tokens': {
    status: 201,
    body: { token: 'ghs_token', expires_at: new Date(Date.now() + 3_600_000).toISOString() },
  },
  BatchGetItem: { status: 200, body: { Responses: {}, UnprocessedKeys: {} } },
};

const operation = ({ headers, url }: SeenRequest) =>
  String(headers['x-amz-target'] ?? url)
    .split('.')
    .at(-1) ?? '';
const count = (name: string) => server.seen.filter((request) => operation(request) === name).length;

beforeAll(async () => {
  bundles = buildBundles();
  server = await startScriptedServer();
}, 30_000);

beforeEach(() => {
  answers = {};
  server.seen.length = 0;
  server.answer((request) => answers[operation(request)] ?? usual[operation(request)] ?? { status: 500, body: {} });
});

afterEach(() => running?.stop());
afterAll(async () => {
  bundles?.remove();
  await server?.close();
});

async function start(more: Readonly<Record<string, string>> = {}) {
  running = await startFunction<Answer>(bundles.path('dispatch'), {
    AWS_ENDPOINT_URL: server.url,
    MAYFLY_DEPLOYMENT: 'blue',
    MAYFLY_TABLE: 'state',
    MAYFLY_MAILBOX_TABLE: 'mailbox',
    MAYFLY_QUEUE_URL: `${server.url}/queue`,
    MAYFLY_APP_SECRET_ARN: 'arn:app',
    MAYFLY_POOL_PARAMETERS: '/blue/linux',
    MAYFLY_GITHUB_URL: server.url,
    ...more,
  });
}

const unknownInstance = { kind: 'instance', instanceId: 'i-0123', change: 'spot-warning' };
const invoke = (...bodies: readonly unknown[]) =>
  running?.invoke({
    Records: bodies.map((body, at) => ({
      messageId: `m${at}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })),
  });

test('init reads pools and credentials and makes the token: the first batch has all it needs', async () => {
  await start();
  const before = server.seen.map(operation).sort();
  expect(before).toEqual(['/app/installations/7/access_tokens', 'GetParameters', 'GetSecretValue']);
  expect(await invoke(unknownInstance)).toEqual({ answer: { batchItemFailures: [] } });
  expect(server.seen.slice(before.length).map(operation)).toEqual(['BatchGetItem']);
});

test('what fails is repeated alone, and logged with a code', async () => {
  await start();
  const wake = { kind: 'wake', pool: 'removed', installationId: 7 };
  expect(await invoke('poison', unknownInstance, wake)).toEqual({
    answer: { batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm2' }] },
  });
  expect(running?.logged()).toMatchObject([
    { event: 'message-failed', messageId: 'm0', reason: 'message-malformed' },
    { event: 'message-failed', messageId: 'm2', reason: 'message-unknown-pool' },
  ]);
});

test('pools are read again after a minute, credentials after five; the token stays', async () => {
  await start();
  await invoke(unknownInstance);
  await running?.moveClock(59_000);
  await invoke(unknownInstance);
  expect([count('GetParameters'), count('GetSecretValue')]).toEqual([1, 1]);
  await running?.moveClock(2_000);
  await invoke(unknownInstance);
  expect([count('GetParameters'), count('GetSecretValue')]).toEqual([2, 1]);
  await running?.moveClock(240_000);
  await invoke(unknownInstance);
  expect([count('GetParameters'), count('GetSecretValue')]).toEqual([3, 2]);
  expect(count('/app/installations/7/access_tokens')).toBe(1);
});

test('a failure is never kept', async () => {
  answers = { GetParameters: { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } } };
  await start();
  expect(await invoke(unknownInstance)).toMatchObject({ error: { reason: 'settings-unreadable' } });
  answers = {};
  expect(await invoke(unknownInstance)).toMatchObject({ answer: { batchItemFailures: [] } });
  // What was read before serves on, when it can not be read again.
  answers = { GetParameters: { status: 500, body: {} } };
  await running?.moveClock(61_000);
  expect(await invoke(unknownInstance)).toMatchObject({ answer: { batchItemFailures: [] } });
});

test.each<[string, Record<string, ScriptedAnswer>]>([
  ['the secret has no value yet', { GetSecretValue: { status: 400, body: { __type: 'ResourceNotFoundException' } } }],
  ['the secret is no JSON', { GetSecretValue: { status: 200, body: { SecretString: 'SECRET-TEXT' } } }],
  ['the secret lacks the key', { GetSecretValue: { status: 200, body: { SecretString: '{"appId":"SECRET-TEXT"}' } } }],
  ['a parameter is missing', { GetParameters: { status: 200, body: { InvalidParameters: ['/blue/linux'] } } }],
  [
    'a parameter is no JSON',
    { GetParameters: { status: 200, body: { Parameters: [{ Name: '/blue/linux', Value: 'SECRET-TEXT' }] } } },
  ],
])('not configured: %s', async (_, other) => {
  answers = other;
  await start();
  const { error } = (await invoke(unknownInstance)) ?? {};
  expect(error).toMatchObject({ reason: 'not-configured', message: expect.stringContaining('MF1006') });
  expect(JSON.stringify([error, running?.logged()])).not.toContain('SECRET-TEXT');
});

test('a missing variable is named, and nothing starts', async () => {
  await expect(start({ MAYFLY_TABLE: '' })).rejects.toThrow(/MF1006 .*MAYFLY_TABLE/);
});
