import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import {
  COMPLETED,
  LISTENING,
  openRig,
  type Rig,
  type RigOptions,
  RUNNING,
  until,
} from '../../../test/boot/boot-rig.ts';
import { findMarked, killNow } from './marked-processes.ts';

let rig: Rig;
afterEach(async () => {
  const left = rig.host.leftovers();
  await rig.close();
  expect(left).toEqual({ processes: 0, directories: 0 });
  expect(rig.host.leftovers()).toEqual({ processes: 0, directories: 0 });
});

/** Boots `i-1` with its letter in the mailbox, to its end. */
async function boot(options: RigOptions = {}) {
  rig = await openRig(options);
  await rig.give('i-1');
  rig.start('i-1');
  return rig.ended('i-1');
}

describe('an instance ends', () => {
  test.each([
    ['boot deadline', { bootDeadlineMs: 2_000 }, false],
    ['lifetime', { bootDeadlineMs: 2_900, lifetimeMs: 3_000 }, true],
  ])('by the %s, even when its boot script hangs', async (_, limits, withLetter) => {
    rig = await openRig({ listener: `${LISTENING}\nsleep 60`, ...limits });
    if (withLetter) await rig.give('i-1');
    rig.start('i-1');
    const seen = withLetter ? 'runner-fetched' : 'mailbox-empty';
    await until(() => rig.events.some(({ kind }) => kind === seen));
    await until(() => !withLetter || readFileSync(rig.host.logFile('i-1'), 'utf8').includes('mayfly: listening'));
    process.kill(Number(readFileSync(rig.host.logFile('i-1').replace('.log', '.pid'), 'utf8')), 'SIGSTOP');
    const { reason, report } = await rig.ended('i-1');
    expect({ reason, report }).toEqual({ reason: 'Client.InstanceInitiatedShutdown', report: undefined });
  });

  test('with all that it started: other sessions, deaf to SIGTERM, read-only folders', async () => {
    const deaf = `setsid bash -c 'trap "" TERM HUP INT; echo deaf; while :; do sleep 1; done' &`;
    const { report, log } = await boot({
      listener: `${LISTENING}\n${RUNNING}\n${deaf}\nmkdir sealed; touch sealed/file; chmod 500 sealed\nsleep 0.2\n${COMPLETED}`,
    });
    expect(report).toMatchObject({ code: 'done' });
    expect(log).toContain('deaf');
  });

  test('when a job powers it off', async () => {
    const { reason } = await boot({ listener: `${LISTENING}\n${RUNNING}\nsystemctl poweroff\nsleep 60` });
    expect(reason).toBe('Client.InstanceInitiatedShutdown');
  });

  test('when it is stopped, whatever it does', async () => {
    rig = await openRig({ listener: `${LISTENING}\nsetsid sleep 60` });
    await rig.give('i-1');
    rig.start('i-1');
    await until(() => readFileSync(rig.host.logFile('i-1'), 'utf8').includes('mayfly: listening'));
    expect(rig.host.leftovers()).toMatchObject({ directories: 1 });
    rig.host.stop('i-1');
    expect((await rig.ended('i-1')).reason).toBe('Client.UserInitiatedShutdown');
  });

  test('without harm to an instance of the same id in another rehearsal', async () => {
    const other = await openRig({ listener: `${LISTENING}\n${RUNNING}\nsleep 1\n${COMPLETED}` });
    await other.give('i-1');
    other.start('i-1');
    await boot();
    expect((await other.ended('i-1')).report).toMatchObject({ code: 'done' });
    await other.close();
  });
});

test('close ends every instance', async () => {
  rig = await openRig();
  for (const id of ['i-1', 'i-2']) rig.start(id);
  await until(() => rig.events.some(({ kind }) => kind === 'mailbox-empty'));
  await rig.host.close();
  expect(existsSync(rig.host.logFile('i-1'))).toBe(false);
  expect((await rig.ended('i-2')).reason).toBe('Client.UserInitiatedShutdown');
});

test('processes are found by their marker, and only those', async () => {
  rig = await openRig();
  const child = spawn('sleep', ['60'], { env: { ...process.env, MAYFLY_INSTANCE: `${rig.run}/i-9` }, detached: true });
  await until(() => findMarked(`MAYFLY_INSTANCE=${rig.run}/`).length === 1);
  expect(findMarked(`MAYFLY_INSTANCE=${rig.run}/i-9\0`)).toEqual([child.pid]);
  expect(findMarked(`MAYFLY_INSTANCE=${rig.run}/i\0`)).toEqual([]);
  killNow(child.pid as number);
  await until(() => findMarked(`MAYFLY_INSTANCE=${rig.run}/`).length === 0);
});

test('a Windows pool is refused', async () => {
  rig = await openRig();
  expect(() => rig.start('i-1', { platform: 'windows-x64' })).toThrow('no Windows instances');
});
