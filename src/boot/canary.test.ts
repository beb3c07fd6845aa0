/** What an instance proves of a user's account, seen on a process host. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { openRig, packRunner, type Rig, type RigOptions, ROLE_ID, RUNNER_KEY } from '../../test/boot/boot-rig.ts';
import { CODES } from '../core/codes.ts';
import { renderLinuxBoot } from './render-linux.ts';

let rig: Rig;
let account: Server | undefined;
afterEach(async () => {
  account?.close();
  account = undefined;
  await rig.close();
});

const LISTENER = '[[ $* == --version ]] || exit 1\necho 2.336.0';

/** Boots `i-1` as a canary, to its end. `arrange`: before it starts. */
async function canary(options: RigOptions & { runnerKey?: string } = {}, arrange?: (packed: Buffer) => Promise<void>) {
  const packed = packRunner(options.listener ?? LISTENER);
  const runnerSha256 = createHash('sha256').update(packed).digest('hex');
  const checks = { runnerKey: options.runnerKey ?? RUNNER_KEY, runnerSha256 };
  const open = (key: string) => (key === RUNNER_KEY ? packed : undefined);
  rig = await openRig({ open, ...options, boot: { canary: checks } });
  await arrange?.(packed);
  rig.start('i-1');
  return rig.ended('i-1');
}

/** Boot reports that the account got. */
let reported: string[] = [];

type Reply = readonly [status: number, body: string | Buffer];

/** An account that answers otherwise than it should: no signature is looked at. */
async function misconfigure(reply: (request: IncomingMessage, body: string) => Reply): Promise<void> {
  const server = createServer(async (request, response) => {
    const asked = await text(request);
    if (asked.includes('boot = :b')) reported.push(JSON.parse(asked).ExpressionAttributeValues[':b'].S);
    const [status, body] = reply(request, asked);
    response.writeHead(status).end(body);
  });
  account = server;
  reported = [];
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { addInstance } = rig.services;
  rig.services.addInstance = (id, roleId) => ({ ...addInstance(id, roleId), dynamodb: url, s3: `${url}/bucket` });
}

const CONDITION: Reply = [400, '{"__type":"ConditionalCheckFailedException"}'];
const DENIED: Reply = [400, '{"__type":"AccessDeniedException"}'];
/** Who lets an instance only where it may. */
const asItShould =
  (packed: Buffer) =>
  (request: IncomingMessage, body: string): Reply => {
    if (request.url !== '/') return [200, request.method === 'GET' ? packed : ''];
    if (body.includes('boot = :b')) return [200, '{}'];
    return body.includes(`${ROLE_ID}:i-1`) ? CONDITION : DENIED;
  };

const kinds = () => rig.events.map(({ kind }) => kind).filter((kind) => kind !== 'metadata-read');

test('role, signature, own row, row of another, packages, own logs, runner: then it powers off', async () => {
  const { reason, report } = await canary();
  expect(reason).toBe('Client.InstanceInitiatedShutdown');
  expect(report).toMatchObject({ code: 'canary-passed', line: 0, output: 'listener: 2.336.0' });
  const phases = ['started', 'metadata', 'setup', 'mailbox', 'runner', 'logs', 'listener', 'ended'];
  expect(Object.keys(report?.phases ?? {})).toEqual(phases);
  const calls = ['mailbox-empty', 'denied', 'runner-fetched', 'logs-stored', 'boot-reported', 'logs-stored'];
  expect(kinds()).toEqual(calls);
  const denied = rig.events.find(({ kind }) => kind === 'denied');
  expect(denied).toMatchObject({ detail: `the leading key is ${ROLE_ID}:i-00000000000000000` });
});

test('a letter in its row is as good: it takes it, and no runner is registered with it', async () => {
  const ended = await canary({}, async () => void (await rig.give('i-1')));
  expect(ended.report).toMatchObject({ code: 'canary-passed' });
  expect(kinds()[0]).toBe('letter-taken');
  expect(ended.log).not.toContain('Listening');
});

test('its setup commands run too, since a job would have them', async () => {
  expect((await canary({ setupCommands: ['exit 3'] })).report).toMatchObject({ code: 'setup-failed' });
  expect(kinds()).toEqual(['boot-reported', 'logs-stored']);
});

test.each<[string, RigOptions & { runnerKey?: string }, object]>([
  ['no package', { runnerKey: 'runner/other.tar.gz' }, { code: 'runner-download' }],
  [
    'a runner without its libraries',
    { listener: 'echo "Couldn\'t find a valid ICU package" >&2; exit 134' },
    { code: 'canary-failed', exit: 134, output: 'listener: Couldn?t find a valid ICU package' },
  ],
  [
    'a runner that says something else',
    { listener: 'echo hello' },
    { code: 'canary-failed', output: 'listener: hello' },
  ],
])('%s', async (_, options, expected) => {
  expect((await canary(options)).report).toMatchObject(expected);
});

type Fault = (request: IncomingMessage, body: string) => Reply | undefined;
const isRowOf = (id: string, body: string) => body.includes(`${ROLE_ID}:${id}`) && !body.includes('boot = :b');

test.each<[string, string | undefined, Fault]>([
  ['nothing', undefined, () => undefined],
  ['its own row is closed to it', 'own row', (_, body) => (isRowOf('i-1', body) ? DENIED : undefined)],
  [
    'its signature is refused',
    'own row',
    (_, body) => (isRowOf('i-1', body) ? [400, '{"__type":"InvalidSignatureException"}'] : undefined),
  ],
  ['the row of another is open to it', 'row of another', (_, body) => (isRowOf('i-0', body) ? CONDITION : undefined)],
  ['its own logs are closed to it', 'own log', ({ method }) => (method === 'PUT' ? [403, ''] : undefined)],
])('what is wrong with the account: %s', async (_, check, fault) => {
  const { log } = await canary({}, (packed) => {
    const otherwise = asItShould(packed);
    return misconfigure((request, body) => fault(request, body) ?? otherwise(request, body));
  });
  expect(log).toMatch(check === undefined ? /mayfly: canary-passed / : /mayfly: canary-failed /);
  if (check !== undefined) expect(reported.at(-1)).toContain(`"output":"${check}: `);
});

test('the code is one of ours, and the script names no job', () => {
  expect(CODES['canary-failed'].code).toBe('MF1318');
  const input = { roleId: ROLE_ID, mailboxTable: 'mailbox', bucket: 'bucket', platform: 'linux-x64' } as const;
  const clocks = { bootDeadlineMs: 300_000, lifetimeMs: 600_000, idleTimeoutMs: 60_000 };
  const checks = { runnerKey: RUNNER_KEY, runnerSha256: '0'.repeat(64) };
  const script = renderLinuxBoot({ ...input, ...clocks, canary: checks });
  expect(script).not.toMatch(/JIT_CONFIG|Runner.Listener" run/);
  expect(() => renderLinuxBoot({ ...input, ...clocks, canary: { ...checks, runnerKey: "a'b" } })).toThrow();
  expect(() => renderLinuxBoot({ ...input, ...clocks, canary: { ...checks, runnerSha256: 'x' } })).toThrow();
});
