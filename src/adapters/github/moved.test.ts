/** A repository that was renamed: GitHub answers with its new address. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ScriptedServer, startScriptedServer } from '../contracts/scripted-server.ts';
import { createClient, type GitHubRequest, type Send } from './client.ts';

const get: GitHubRequest = { method: 'GET', path: '/repos/acme/old/actions/jobs/1', repeatable: true };

let server: ScriptedServer;
let send: Send;

beforeEach(async () => {
  server = await startScriptedServer();
  send = createClient({ baseUrl: server.url, clock: () => 0, timeoutMs: 300, mostConnections: 3 });
});
afterEach(() => server.close());

const paths = () => server.seen.map(({ url }) => url);

test('a read follows, once', async () => {
  server.answer(({ url }) =>
    url === get.path
      ? { status: 301, headers: { location: `${server.url}/repositories/7/actions/jobs/1?a=b` }, body: {} }
      : { status: 200, body: { id: 1 } },
  );
  expect(await send(get, 'token')).toMatchObject({ status: 200, body: { id: 1 } });
  expect(paths()).toEqual([get.path, '/repositories/7/actions/jobs/1?a=b']);
});

test('a loop ends', async () => {
  server.answer(() => ({ status: 301, headers: { location: get.path }, body: {} }));
  expect(await send(get, 'token')).toMatchObject({ status: 301 });
  expect(paths()).toHaveLength(2);
});

test.each([
  ['to another host', get, 'http://127.0.0.2:1/x'],
  ['of what writes', { ...get, method: 'DELETE' } as const, '/x'],
  ['to nowhere', get, 'http://['],
])('%s: not followed', async (_what, request, location) => {
  server.answer(() => ({ status: 307, headers: { location }, body: {} }));
  expect(await send(request, 'token')).toMatchObject({ status: 307 });
  expect(paths()).toHaveLength(1);
});
