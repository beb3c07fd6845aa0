/** What becomes of an instance that no job comes to, seen on a process host. */
import { writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import { COMPLETED, LISTENING, ONE_JOB, openRig, type Rig, RUNNING, until } from '../../test/boot/boot-rig.ts';
import { readBootReport } from '../core/boot-report.ts';

vi.setConfig({ testTimeout: 30_000 });

let rig: Rig;
afterEach(() => rig.close());

async function boot(listener: string, idleTimeoutMs = 700, idleGraceMs = 20_000) {
  rig = await openRig({ listener, idleTimeoutMs, boot: { idleGraceMs } });
  await rig.give('i-1');
  rig.start('i-1');
}

const reports = () =>
  rig.events.flatMap((event) => (event.kind === 'boot-reported' ? [readBootReport(event.boot)?.code] : []));
const reported = (code: string) => until(() => reports().includes(code));

test('it asks for its end once, waits, and ends when its runner is deleted', async () => {
  await boot(
    `${LISTENING}\nuntil [ -e deleted ]; do sleep 0.05; done; echo "The runner no longer exists on the server."`,
  );
  await reported('idle');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(reports()).toEqual(['listening', 'idle']);
  const [inside] = rig.host.logFile('i-1').split('/boot.log');
  writeFileSync(`${inside}/root/opt/actions-runner/deleted`, '');
  const { report } = await rig.ended('i-1');
  expect(report).toMatchObject({ code: 'no-job', exit: 0 });
  expect(Object.keys(report?.phases ?? {}).slice(-3)).toEqual(['listening', 'idle', 'ended']);
});

test('a job that comes after it has asked runs to its end, however long', async () => {
  await boot(`${LISTENING}\nsleep 1.5\n${RUNNING}\nsleep 4\n${COMPLETED}`, 500, 4_000);
  expect((await rig.ended('i-1')).report).toMatchObject({ code: 'done' });
  expect(reports()).toEqual(['listening', 'idle', 'done']);
});

test('nobody ends it: it powers off by itself', async () => {
  await boot(`${LISTENING}\nsleep 60`, 300, 700);
  const { reason, report } = await rig.ended('i-1');
  expect({ reason, code: report?.code }).toEqual({ reason: 'Client.InstanceInitiatedShutdown', code: 'idle-over' });
});

test('a listener that is launched again does not begin its idle time anew', async () => {
  await boot(`${LISTENING}\nsleep 0.8\nexit 2`, 300, 1_700);
  expect((await rig.ended('i-1')).report).toMatchObject({ code: 'idle-over' });
  expect(reports()).toEqual(['listening', 'idle', 'idle-over']);
});

test('with a job at once, it never asks', async () => {
  await boot(`${LISTENING}\n${RUNNING}\nsleep 1.5\n${COMPLETED}`, 300, 700);
  expect((await rig.ended('i-1')).report).toMatchObject({ code: 'done' });
  expect(reports()).toEqual(['listening', 'done']);
});

/** What the instance stored, unpacked. */
async function logsOf(listener: string) {
  await boot(listener, 20_000);
  await rig.ended('i-1');
  const stored = rig.events.flatMap((event) => (event.kind === 'logs-stored' ? [event] : []));
  return stored.map(({ key, body }) => ({ key, bytes: body.length, text: gunzipSync(body).toString() }));
}

test('the logs of the runner are kept, under a key of its own', async () => {
  const [logs, ...more] = await logsOf(`mkdir _diag; echo 'it was so' >_diag/Runner_1.log\n${ONE_JOB}`);
  expect(more).toEqual([]);
  expect(logs?.key).toBe('logs/AROATESTROLE:i-1/boot.log.gz');
  expect(logs?.text).toContain('==> Runner_1.log <==\nit was so\n');
});

test('of many and long logs, the last of the newest are kept', async () => {
  const write = `mkdir _diag; for n in 1 2 3 4; do head -c 600000 /dev/urandom | base64 >_diag/$n.log; sleep 0.01; done`;
  const [logs] = await logsOf(`${write}; echo end >>_diag/4.log\n${ONE_JOB}`);
  expect(logs?.bytes).toBeLessThan(1_000_000);
  expect(logs?.text.length).toBeGreaterThan(590_000);
  expect(logs?.text).toContain('end\n');
  expect(logs?.text).not.toContain('==> 1.log');
});

test('a log that never ends to be read holds up nothing', async () => {
  const at = Date.now();
  const [logs] = await logsOf(`mkdir _diag; mkfifo _diag/pipe; echo x >_diag/-f\n${ONE_JOB}`);
  expect(logs).toMatchObject({ key: 'logs/AROATESTROLE:i-1/boot.log.gz' });
  expect(Date.now() - at).toBeLessThan(15_000);
});
