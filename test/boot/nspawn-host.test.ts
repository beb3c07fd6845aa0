/** Instances as machines: systemd, cloud-init and the boot script as user data. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findMarked, killNow } from '../../src/rehearsal/hosts/marked-processes.ts';
import { NspawnHost } from '../../src/rehearsal/hosts/nspawn-host.ts';
import { prepareRootfs } from '../../src/rehearsal/hosts/nspawn-rootfs.ts';
import { COMPLETED, LISTENING, ONE_JOB, openRigOn, type Rig, type RigOptions, RUNNING, until } from './boot-rig.ts';
import { tracesOf } from './traces.ts';

let rootfs: string;
beforeAll(async () => {
  rootfs = await prepareRootfs(() => {});
}, 600_000);

let rig: Rig<NspawnHost>;
let running: string[];
let reboots: string[];
afterEach(async () => {
  const left = rig.host.leftovers();
  await rig.close();
  expect(left).toEqual({ processes: 0, directories: 0 });
  expect(tracesOf(rig.run)).toEqual([]);
});

async function open(options: RigOptions = {}): Promise<void> {
  running = [];
  reboots = [];
  rig = await openRigOn(
    (given) =>
      new NspawnHost({
        ...{ ...given, rootfs },
        onRunning: (id) => running.push(id),
        onReboot: (id) => reboots.push(id),
      }),
    options,
  );
}

/** Boots `i-1` with its letter in the mailbox. */
async function boot(options: RigOptions = {}): Promise<void> {
  await open(options);
  await rig.give('i-1');
  rig.start('i-1');
}

const log = () => readFileSync(rig.host.logFile('i-1'), 'utf8');
const logs = (text: string) => until(() => log().includes(text));

/** The children of a process that are the first of a machine. */
function initsOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.filter((child) => readFileSync(`/proc/${child}/comm`, 'utf8') === 'systemd\n');
}

test('boots as EC2 boots it, runs one job as its user, powers off', async () => {
  await boot({
    listener: `id -un; cat /proc/1/comm; ls -a /root; curl -sf http://169.254.169.254/latest/\n${ONE_JOB}`,
  });
  const { reason, report, log } = await rig.ended('i-1');
  expect({ reason, running, reboots }).toEqual({
    ...{ reason: 'Client.InstanceInitiatedShutdown', running: ['i-1'], reboots: [] },
  });
  expect(report).toMatchObject({ code: 'done', exit: 0 });
  expect(log.replaceAll('\r', '')).toMatch(/: runner\n.*: systemd\n.*: ls: cannot open directory '\/root': Perm/);
  expect(log).toContain('Datasource DataSourceEc2.');
  const calls = rig.events.filter(({ kind }) => kind !== 'metadata-read').map(({ kind }) => kind);
  expect(calls).toEqual(['letter-taken', 'runner-fetched', 'boot-reported', 'boot-reported', 'logs-stored']);
  const read = rig.events.flatMap((event) => (event.kind === 'metadata-read' ? [event.path] : []));
  expect(read.filter((path) => path.endsWith('/user-data')).length).toBeGreaterThan(0);
});

test('reaches nothing but what is opened to it', async () => {
  const tries = ['127.0.0.1:22', '127.0.0.1:1', '1.1.1.1:80'].map((to) => `curl -sm 3 http://${to}; echo "${to}: $?"`);
  await boot({ listener: [...tries, ONE_JOB].join('\n') });
  const { log } = await rig.ended('i-1');
  expect(log.match(/(?<=: )[\d.:]+: \d+$/gm)).toEqual(['127.0.0.1:22: 7', '127.0.0.1:1: 7', '1.1.1.1:80: 7']);
});

test('user data that come late are waited for', async () => {
  await open();
  const { setUserData } = rig.services;
  rig.services.setUserData = (id, text) => void setTimeout(() => setUserData(id, text), 1_500);
  rig.services.metadataOf = withholdUntil(rig.services.metadataOf, Date.now() + 1_500);
  await rig.give('i-1');
  rig.start('i-1');
  expect((await rig.ended('i-1')).report).toMatchObject({ code: 'done' });
});

type MetadataOf = Rig['services']['metadataOf'];

/** EC2's metadata do not answer at once after the start either. */
const withholdUntil =
  (metadataOf: MetadataOf, time: number): MetadataOf =>
  (id) =>
  (request, response) =>
    Date.now() < time ? response.writeHead(503).end() : metadataOf(id)(request, response);

test('a setup command that fails', async () => {
  await boot({ setupCommands: ['touch /root/x', 'systemctl is-system-running; id -un; exit 3'] });
  const { report } = await rig.ended('i-1');
  expect(report).toMatchObject({ code: 'setup-failed', output: 'command 2 ended with 3: starting|root|' });
});

describe('ends', () => {
  test('by a reboot in a job, which the boot script turns into a poweroff', async () => {
    await boot({ listener: `${LISTENING}\n${RUNNING}\nsleep 60`, setupCommands: ['(sleep 2; systemctl reboot) &'] });
    const { reason } = await rig.ended('i-1');
    expect({ reason, reboots }).toEqual({ reason: 'Client.InstanceInitiatedShutdown', reboots: [] });
  });

  test('by a reboot that asks nobody: the second boot powers off', async () => {
    const setupCommands = ['(sleep 2; systemctl reboot --force --force) &'];
    await boot({ listener: `${LISTENING}\n${RUNNING}\nsleep 60`, setupCommands });
    const { reason, log } = await rig.ended('i-1');
    expect({ reason, reboots }).toEqual({ reason: 'Client.InstanceInitiatedShutdown', reboots: ['i-1'] });
    expect(log.match(/mayfly: started/g)).toHaveLength(1);
  });

  test('by a crash: the death of its first process is that of its kernel', async () => {
    await boot({ listener: `${LISTENING}\n${RUNNING}\nsleep 60` });
    await logs('mayfly: job');
    for (const pid of findMarked(`MAYFLY_INSTANCE=${rig.run}/i-1`)) for (const init of initsOf(pid)) killNow(init);
    expect((await rig.ended('i-1')).reason).toBe('Server.InternalError');
  });

  test('when it is terminated, whatever it does', async () => {
    const deaf = `setsid bash -c 'trap "" TERM HUP INT; while :; do sleep 1; done' &`;
    await boot({ listener: `${LISTENING}\n${deaf}\n${RUNNING}\nsleep 60` });
    await logs('mayfly: job');
    const at = Date.now();
    rig.host.stop('i-1');
    expect((await rig.ended('i-1')).reason).toBe('Client.UserInitiatedShutdown');
    expect(Date.now() - at).toBeLessThan(3_000);
  });

  test('when it is terminated before it boots', async () => {
    await boot();
    rig.host.stop('i-1');
    expect((await rig.ended('i-1')).reason).toBe('Client.UserInitiatedShutdown');
  });

  test('when EC2 takes it back, with a warning', async () => {
    const watch = `t=$(curl -sfX PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
      until curl -sfH "X-aws-ec2-metadata-token: $t" http://169.254.169.254/latest/meta-data/spot/instance-action
      do sleep 0.1; done; echo; echo warned; sleep 60`;
    await boot({ listener: `${LISTENING}\n${RUNNING}\n${watch}` });
    await logs('mayfly: job');
    expect(log()).not.toContain('warned');
    const over = rig.host.reclaim('i-1', 1_500);
    await logs('warned');
    expect(log()).toMatch(/\{"action":"terminate","time":"20[^"]*Z"\}/);
    await over;
    expect((await rig.ended('i-1')).reason).toBe('Server.SpotInstanceTermination');
  });

  test('by its own powers, when a process of the job is deaf to SIGTERM', async () => {
    const deaf = `setsid bash -c 'trap "" TERM HUP INT; while :; do sleep 1; done' &`;
    await boot({ listener: `${LISTENING}\n${RUNNING}\n${deaf}\n${COMPLETED}` });
    const { report } = await rig.ended('i-1');
    expect(report).toMatchObject({ code: 'done' });
  });

  test('by its lifetime, when the boot script hangs', async () => {
    await boot({
      ...{ listener: `${LISTENING}\n${RUNNING}\nsleep 60`, bootDeadlineMs: 7_000, lifetimeMs: 8_000 },
      setupCommands: ['(sleep 3; pkill -STOP -f scripts/part-001) &'],
    });
    expect((await rig.ended('i-1')).reason).toBe('Client.InstanceInitiatedShutdown');
  });
});

test('twenty at once', { timeout: 150_000 }, async () => {
  await open({ bootDeadlineMs: 90_000, lifetimeMs: 100_000 });
  const ids = Array.from({ length: 20 }, (_, n) => `i-${n}`);
  await Promise.all(ids.map((id) => rig.give(id)));
  for (const id of ids) rig.start(id);
  const reports = await Promise.all(ids.map(async (id) => (await rig.ended(id, 120_000)).report?.code));
  expect(reports).toEqual(ids.map(() => 'done'));
});
