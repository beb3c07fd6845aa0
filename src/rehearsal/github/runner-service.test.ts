import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { quote } from '../runner/step-reply.ts';
import { type Script, ScriptedBackend } from '../runner/testing/scripted-backend.ts';
import { runnerService } from './runner-service.ts';

const JOB = '/sessions/session-1/jobs/7';

function start(script: Script = {}, pollMs = 1_000) {
  const backend = new ScriptedBackend(script);
  const service = runnerService(backend, { pollMs });
  const call = async (method: string, path: string, init: RequestInit = {}, clientId = 'mine') => {
    const response = await service.request(path, { method, headers: { Authorization: `Bearer ${clientId}` }, ...init });
    return { status: response.status, text: await response.text() };
  };
  return { backend, service, call };
}

async function startJob(script: Script = {}) {
  const started = start(script);
  await started.call('POST', '/sessions');
  await started.call('POST', `${JOB}/acquire`);
  return started;
}

function form(fields: Record<string, string | Blob>): RequestInit {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return { body };
}

test('sessions: ok, conflict, deleted, and no id', async () => {
  const { call, service } = start({ connects: ['conflict', 'deleted'] });
  expect(await call('POST', '/sessions')).toEqual({ status: 409, text: 'conflict\n' });
  expect(await call('POST', '/sessions')).toEqual({ status: 404, text: 'deleted\n' });
  expect(await call('POST', '/sessions')).toEqual({ status: 200, text: "ok\nsession_id='session-1'\n" });
  expect((await service.request('/sessions', { method: 'POST' })).status).toBe(401);
});

test("another runner's id opens nothing, an unknown session is deleted", async () => {
  const { backend, call } = await startJob({ steps: [{}] });
  const calls = backend.calls.length;
  const paths = ['GET /sessions/session-1/message', 'DELETE /sessions/session-1', `POST ${JOB}/acquire`];
  paths.push(`GET ${JOB}/watch`, `POST ${JOB}/log`, `POST ${JOB}/next`, `POST ${JOB}/finish`);
  for (const [method = '', path = ''] of paths.map((line) => line.split(' '))) {
    expect(await call(method, path, {}, 'other')).toEqual({ status: 401, text: 'unauthorized\n' });
    expect(await call(method, path.replace('session-1', 'session-2'))).toEqual({ status: 404, text: 'deleted\n' });
  }
  expect(backend.calls).toHaveLength(calls);
});

test('a closed session is over', async () => {
  const { backend, call } = start();
  await call('POST', '/sessions');
  expect(await call('DELETE', '/sessions/session-1')).toEqual({ status: 200, text: 'ok\n' });
  expect(backend.connected).toBe(false);
  expect((await call('GET', '/sessions/session-1/message')).text).toBe('deleted\n');
});

test('a message: the job, or none after a bounded wait, or deleted', async () => {
  const { backend, call } = start({ idle: true }, 40);
  await call('POST', '/sessions');
  expect(await call('GET', '/sessions/session-1/message')).toEqual({ status: 200, text: 'none\n' });
  expect(backend.calls.filter((name) => name === 'poll')).toHaveLength(1);
  backend.offer();
  expect((await call('GET', '/sessions/session-1/message')).text).toBe(
    `job\njob_id='7'\njob_name='build '\\''it'\\'' – ü'\n`,
  );
  backend.deleteRunner();
  expect(await call('GET', '/sessions/session-1/message')).toEqual({ status: 404, text: 'deleted\n' });
  expect(backend.waiting).toBe(0);
});

test('a waiting poll is woken by a change; many changes in one go are one question', async () => {
  const { backend, call } = start({ idle: true });
  await call('POST', '/sessions');
  const polled = call('GET', '/sessions/session-1/message');
  await vi.waitFor(() => expect(backend.waiting).toBe(1));
  for (let change = 0; change < 10; change++) backend.loseJob();
  backend.offer();
  expect((await polled).text).toMatch(/^job\n/);
  expect(backend.calls.filter((name) => name === 'poll')).toHaveLength(2);
  expect(backend.waiting).toBe(0);
});

test('a poll ends when its client goes away', async () => {
  const { backend, service, call } = start({ idle: true });
  await call('POST', '/sessions');
  const client = new AbortController();
  const headers = { Authorization: 'Bearer mine' };
  const polled = Promise.resolve(service.request('/sessions/session-1/message', { headers, signal: client.signal }));
  polled.catch(() => {});
  await vi.waitFor(() => expect(backend.waiting).toBe(1));
  client.abort();
  await vi.waitFor(() => expect(backend.waiting).toBe(0));
});

test('watch renews, and tells of the end of the job', async () => {
  const { backend, call } = await startJob();
  const watched = call('GET', `${JOB}/watch`);
  await vi.waitFor(() => expect(backend.waiting).toBe(1));
  expect(backend.calls.at(-1)).toBe('renew');
  backend.cancelJob();
  expect(await watched).toEqual({ status: 200, text: 'cancelled\n' });
  backend.loseJob();
  expect(await call('GET', `${JOB}/watch`)).toEqual({ status: 404, text: 'gone\n' });
});

test('acquire: the job once, again after a lost reply, or gone', async () => {
  const { backend, call } = start({ gone: 1, jobTimeoutMs: 5_000 });
  await call('POST', '/sessions');
  expect(await call('POST', `${JOB}/acquire`)).toEqual({ status: 404, text: 'gone\n' });
  const acquired = { status: 200, text: "ok\njob_repository='octo/repo'\njob_timeout_ms='5000'\n" };
  expect(await call('POST', `${JOB}/acquire`)).toEqual(acquired);
  expect(await call('POST', `${JOB}/acquire`)).toEqual(acquired);
  expect(backend.calls.filter((name) => name === 'acquire')).toHaveLength(2);
});

test('next: a step until its result came, a result counts once', async () => {
  const { backend, call } = await startJob({ steps: [{ script: 'a' }, { script: 'b' }] });
  expect((await call('POST', `${JOB}/next`)).text).toContain("step_script='a'");
  expect((await call('POST', `${JOB}/next`)).text).toContain("step_script='a'");
  const result = { number: '1', exitCode: '3', timedOut: 'yes', env: 'A=1', output: 'o', path: '/p' };
  for (let time = 0; time < 2; time++) {
    const sent = form({ ...result, log: new Blob([new Uint8Array([0x61, 0xc3])]) });
    expect((await call('POST', `${JOB}/next`, sent)).text).toContain("step_script='b'");
  }
  expect(backend.results).toEqual([{ exitCode: 3, timedOut: true, envFile: 'A=1', outputFile: 'o', pathFile: '/p' }]);
  await call('POST', `${JOB}/log`, { body: new Uint8Array([0xbc, 0x62]) });
  expect(backend.text).toBe('aüb');
  expect((await call('POST', `${JOB}/next`, form({ number: '2', exitCode: 'x' }))).text).toBe('done\n');
  expect(backend.results[1]).toMatchObject({ exitCode: 1 });
});

test('finish: with the last result, once, and only with a known end', async () => {
  const { backend, call } = await startJob({ steps: [{}] });
  await call('POST', `${JOB}/next`);
  expect((await call('POST', `${JOB}/finish`, form({ end: 'well' }))).status).toBe(400);
  for (let time = 0; time < 2; time++) {
    const sent = form({ end: 'timed-out', number: '1', exitCode: '137', timedOut: 'yes' });
    expect(await call('POST', `${JOB}/finish`, sent)).toEqual({ status: 200, text: 'ok\n' });
  }
  expect(backend.results).toHaveLength(1);
  expect(backend.ends).toEqual(['timed-out']);
});

test('a body beyond all bounds is refused', async () => {
  const { backend, call } = await startJob();
  expect((await call('POST', `${JOB}/log`, { body: 'x'.repeat(16_000_001) })).status).toBe(413);
  expect(backend.text).toBe('');
});

test('bash reads back what was quoted', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 20, maxLength: 40 }), (values) => {
      const clean = values.map((value) => value.replaceAll('\0', '').toWellFormed());
      const script = `values=(${values.map(quote).join(' ')})\nprintf '%s\\0' "\${values[@]}"`;
      const read = execFileSync('bash', [], { input: script, encoding: 'utf8' });
      expect(read.split('\0').slice(0, -1)).toEqual(clean);
    }),
    { numRuns: 20 },
  );
});
