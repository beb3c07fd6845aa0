/** The Lambda host, the queue poller's rules and the HTTP API, each against functions of three lines. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openHttpApi } from './stage/http-api.ts';
import { writeWorker } from './stage/lambda/start-environment.ts';
import { LambdaHost } from './stage/lambda-host.ts';

let folder: string;
let worker: string;
const hosts: LambdaHost[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mayfly-lambda-'));
  worker = writeWorker(folder);
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;

function host(code: string, { timeoutMs = 5_000, concurrency = 5 } = {}): LambdaHost {
  made += 1;
  const name = `function-${made}`;
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'index.mjs'), code);
  const settings = { arn: `arn:${name}`, handler: 'index.handler', memoryMb: 256, variables: { OWN: 'yes' } };
  const one = new LambdaHost({
    ...{ worker, concurrency, variables: { AWS_REGION: 'eu-west-1' } },
    function: { ...settings, name, folder: join(folder, name), timeoutMs },
  });
  hosts.push(one);
  return one;
}

test('an environment is kept warm, has only its own variables, and its result is JSON', async () => {
  const one = host(`let n = 0;
    export const handler = async (event) => ({ n: ++n, event, own: process.env.OWN, region: process.env.AWS_REGION, home: process.env.HOME });`);
  expect(await one.invoke({ a: 1 })).toMatchObject({ kind: 'ok', initMs: expect.any(Number) });
  expect(await one.invoke({ a: 2 })).toEqual({
    kind: 'ok',
    result: { n: 2, event: { a: 2 }, own: 'yes', region: 'eu-west-1' },
  });
  await one.freshen();
  expect(await one.invoke({})).toMatchObject({ result: { n: 1 } });
});

test('too late is killed, thrown is told, an exit is an error, and each time the next event is served', async () => {
  const one = host(
    `export const handler = async (event) => {
      if (event === 'hang') await new Promise(() => setInterval(() => {}, 1000));
      if (event === 'throw') throw new Error('a bug');
      if (event === 'exit') process.exit(3);
      return 'fine';
    };`,
    { timeoutMs: 500 },
  );
  expect(await one.invoke('hang')).toEqual({ kind: 'error', error: 'Sandbox.Timedout after 500 ms' });
  expect(await one.invoke('throw')).toMatchObject({ kind: 'error', error: expect.stringContaining('a bug') });
  expect(await one.invoke('exit')).toEqual({ kind: 'error', error: 'Runtime.ExitError' });
  expect(await one.invoke('fine')).toMatchObject({ kind: 'ok', result: 'fine' });
  const broken = host(`throw new Error('no init'); export const handler = 1;`);
  expect(await broken.invoke({})).toMatchObject({ kind: 'error', error: expect.stringContaining('no init') });
});

test('events at once run in environments of their own, up to the limit', async () => {
  const one = host(`export const handler = () => new Promise((resolve) => setTimeout(resolve, 300, process.pid));`, {
    concurrency: 2,
  });
  const results = await Promise.all([one.invoke({}), one.invoke({}), one.invoke({})]);
  expect(results.map(({ kind }) => kind)).toEqual(['ok', 'ok', 'throttled']);
  expect(new Set(results.map((result) => (result.kind === 'ok' ? result.result : 0))).size).toBe(3);
});

test('the HTTP API hands JSON over as text and all else as base64', async () => {
  const one = host(
    `export const handler = async ({ routeKey, body, isBase64Encoded, headers }) => ({ statusCode: 202, headers: { 'x-a': headers['x-b'] }, body: JSON.stringify([routeKey, body, isBase64Encoded]) });`,
  );
  const api = await openHttpApi(new Map([['POST /webhook', one]]));
  const post = async (type: string, body: string) => {
    const headers = { 'content-type': type, 'X-B': 'c' };
    const response = await fetch(`${api.url}/webhook`, { method: 'POST', headers, body });
    return [response.status, response.headers.get('x-a'), await response.json()];
  };
  expect(await post('application/json', '{"ü":1}')).toEqual([202, 'c', ['POST /webhook', '{"ü":1}', false]]);
  expect(await post('application/x-www-form-urlencoded', 'a=b')).toEqual([202, 'c', ['POST /webhook', 'YT1i', true]]);
  expect((await fetch(`${api.url}/webhook`)).status).toBe(404);
  await one.close();
  expect((await fetch(`${api.url}/webhook`, { method: 'POST' })).status).toBe(503);
  await api.close();
});
