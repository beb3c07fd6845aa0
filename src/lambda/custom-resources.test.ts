/** The bundles that CloudFormation waits for: it is answered whatever happens. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type ScriptedAnswer,
  type ScriptedServer,
  type SeenRequest,
  startScriptedServer,
} from '../adapters/contracts/scripted-server.ts';
import { type Bundles, buildBundles, type RunningFunction, startFunction } from './lambda-test-support.ts';

let bundles: Bundles;
let server: ScriptedServer;
let running: RunningFunction<undefined> | undefined;
let answers: Record<string, ScriptedAnswer>;

const operation = ({ headers, url, text }: SeenRequest) =>
  String(headers['x-amz-target'] ?? new URLSearchParams(text).get('Action') ?? url)
    .split('.')
    .at(-1) ?? '';
const answered = () => server.seen.filter(({ method, url }) => method === 'PUT' && url === '/answer');
const asked = () => server.seen.map(operation).filter((name) => name !== '/answer');

beforeAll(async () => {
  bundles = buildBundles();
  server = await startScriptedServer();
}, 30_000);

beforeEach(() => {
  answers = { '/answer': { status: 200 } };
  server.seen.length = 0;
  server.answer((request) => answers[operation(request)] ?? { status: 400, body: { __type: 'AccessDenied' } });
});

afterEach(() => running?.stop());
afterAll(async () => {
  bundles?.remove();
  await server?.close();
});

const environment = () => ({
  AWS_ENDPOINT_URL: server.url,
  MAYFLY_DEPLOYMENT: 'blue',
  MAYFLY_TABLE: 'state',
  MAYFLY_BUCKET: 'bucket',
  MAYFLY_APP_SECRET_ARN: 'arn:app',
  MAYFLY_GITHUB_URL: server.url,
  MAYFLY_OWNER: 'acme',
  MAYFLY_PLATFORMS: 'linux-x64',
});

async function start(name: string, more: Readonly<Record<string, string>> = {}) {
  running = await startFunction<undefined>(bundles.path(name), { ...environment(), ...more });
}

const ask = (RequestType: string) =>
  running?.invoke({
    ...{ RequestType, ResponseURL: `${server.url}/answer` },
    ...{ StackId: 's', RequestId: 'r', LogicalResourceId: 'l' },
  });

test.each<[string, Record<string, ScriptedAnswer>]>([
  ['the App is not set up', { GetSecretValue: { status: 400, body: { __type: 'ResourceNotFoundException' } } }],
  ['AWS is down', { GetSecretValue: 'reset' }],
  [
    'the key is unusable',
    { GetSecretValue: { status: 200, body: { SecretString: '{"appId":"1","privateKey":"nonsense"}' } } },
  ],
])('runner-cache: a deployment goes on although %s', async (_, other) => {
  answers = { ...answers, ...other };
  await start('runner-cache');
  for (const type of ['Create', 'Update']) expect((await ask(type))?.error).toBeUndefined();
  expect(answered().map(({ body }) => body)).toMatchObject([{ Status: 'SUCCESS' }, { Status: 'SUCCESS' }]);
  expect(running?.logged()).toHaveLength(2);
});

test('runner-cache: also where a variable is missing', async () => {
  await start('runner-cache', { MAYFLY_BUCKET: '' });
  await ask('Create');
  expect(answered()).toMatchObject([{ body: { Status: 'SUCCESS' } }]);
  expect(running?.logged()).toMatchObject([{ event: 'runner-cache-failed', error: expect.stringContaining('MF1006') }]);
});

test('runner-cache: a deletion does nothing; a schedule tells its failure', async () => {
  await start('runner-cache');
  await ask('Delete');
  expect(answered()).toMatchObject([{ body: { Status: 'SUCCESS' } }]);
  expect(asked()).toEqual([]);
  answers.GetSecretValue = { status: 400, body: { __type: 'ResourceNotFoundException' } };
  expect(await running?.invoke({ source: 'aws.events' })).toMatchObject({ error: { reason: 'not-configured' } });
});

test('end-all: a creation ends nothing', async () => {
  await start('end-all');
  await ask('Create');
  await ask('Update');
  expect(answered()).toHaveLength(2);
  expect(asked()).toEqual([]);
});

test('end-all: a deletion looks for instances, then empties the bucket', async () => {
  answers.DescribeInstances = { status: 200, body: '<R><reservationSet/></R>' };
  answers['/bucket/?list-type=2'] = {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: '<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>',
  };
  await start('end-all');
  await ask('Delete');
  expect(asked()).toEqual(['DescribeInstances', 'DescribeInstances', '/bucket/?list-type=2']);
  expect(answered()).toMatchObject([{ body: { Status: 'SUCCESS' } }]);
}, 15_000);

test('end-all: a deletion that can not be done says why', async () => {
  await start('end-all', { MAYFLY_DEPLOYMENT: '' });
  await ask('Delete');
  expect(answered()).toMatchObject([
    { body: { Status: 'FAILED', Reason: expect.stringContaining('MAYFLY_DEPLOYMENT') } },
  ]);
});
