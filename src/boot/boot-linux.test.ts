/** What the rendered script does, seen on a process host. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  LISTENING,
  ONE_JOB,
  openRig,
  PRIVATE_KEY,
  type Rig,
  type RigOptions,
  RUNNING,
  until,
} from '../../test/boot/boot-rig.ts';
import { LocalMailbox } from '../adapters/local/mailbox.ts';

// Real processes on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

let rig: Rig;
afterEach(() => rig.close());

/** Boots `i-1` with its letter in the mailbox, to its end. */
async function boot(options: RigOptions = {}) {
  rig = await openRig(options);
  await rig.give('i-1');
  rig.start('i-1');
  return rig.ended('i-1');
}

describe('an instance', () => {
  test('runs one job, reports and powers off', async () => {
    const { reason, report } = await boot();
    expect(reason).toBe('Client.InstanceInitiatedShutdown');
    expect(report).toMatchObject({ code: 'done', line: 0, exit: 0, platform: 'linux-x64' });
    const phases = [
      ...['started', 'metadata', 'setup', 'letter', 'runner', 'configured', 'listening', 'job', 'completed', 'ended'],
    ];
    expect(Object.keys(report?.phases ?? {})).toEqual(phases);
    const times = Object.values(report?.phases ?? {});
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.abs((times[0] ?? 0) - Date.now())).toBeLessThan(20_000);
  });

  test('asks AWS twice before its listener, once when it listens, twice after the job', async () => {
    await boot();
    const calls = rig.events.filter(({ kind }) => kind !== 'metadata-read').map(({ kind }) => kind);
    expect(calls).toEqual(['letter-taken', 'runner-fetched', 'boot-reported', 'boot-reported', 'logs-stored']);
    expect(rig.events[0]).toMatchObject({ kind: 'metadata-read', instanceId: 'i-1', path: '/latest/api/token' });
  });

  test('gives its runner the decoded JIT config, readable by nobody else, and a PATH', async () => {
    const show =
      'stat -c "%a %n" .runner .credentials .credentials_rsaparams; cat .credentials_rsaparams; cat .env .path';
    const { log } = await boot({ listener: `${show}\n${ONE_JOB}` });
    expect(log).toContain('600 .runner\n600 .credentials\n600 .credentials_rsaparams\n');
    expect(log).toContain(PRIVATE_KEY);
    expect(log).toMatch(/LANG=C.UTF-8\n\/.*:\/usr\/bin/);
    expect(log).not.toContain('node_modules');
  });

  test('starts its runner with an environment that is its own', async () => {
    const { log } = await boot({ listener: `env\n${ONE_JOB}` });
    const names = log.match(/^\w+(?==)/gm) ?? [];
    const known = ['HOME', 'LANG', 'MAYFLY_INSTANCE', 'OLDPWD', 'PATH', 'PWD', 'SHLVL', 'TMPDIR', '_'];
    expect(new Set(names)).toEqual(new Set([...known, 'ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE']));
  });

  test('waits for a letter that comes late', async () => {
    rig = await openRig();
    rig.start('i-1');
    await until(() => rig.events.some(({ kind }) => kind === 'mailbox-empty'));
    await rig.give('i-1');
    expect((await rig.ended('i-1')).report).toMatchObject({ code: 'done' });
  });

  test('waits for metadata that come late', async () => {
    rig = await openRig();
    const { addInstance } = rig.services;
    rig.services.addInstance = (id, roleId) => {
      const endpoints = addInstance(id, roleId);
      rig.services.removeInstance(id);
      void sleep(300).then(() => addInstance(id, roleId));
      return endpoints;
    };
    await rig.give('i-1');
    rig.start('i-1');
    expect((await rig.ended('i-1')).report).toMatchObject({ code: 'done' });
  });
});

describe('a boot that fails says why', () => {
  test('the runner package is not the one that was announced', async () => {
    rig = await openRig();
    await rig.give('i-1', { runnerSha256: '0'.repeat(64) });
    rig.start('i-1');
    expect((await rig.ended('i-1')).report).toMatchObject({ code: 'runner-corrupt', exit: null });
  });

  test('the runner package is not there', async () => {
    rig = await openRig();
    await rig.give('i-1', { runnerKey: 'runner/other.tar.gz' });
    rig.start('i-1');
    expect((await rig.ended('i-1')).report).toMatchObject({ code: 'runner-download' });
  });

  test('a line of the script fails: the report names it', async () => {
    rig = await openRig();
    await rig.give('i-1', { runnerKey: 'a key with blanks' });
    rig.start('i-1');
    const script = await scriptOf('i-1');
    const { report } = await rig.ended('i-1');
    expect(report).toMatchObject({ code: 'boot-error' });
    expect(script[(report?.line ?? 0) - 1]).toMatch(/^\[\[ \$REPLY =~ /);
  });

  test('the reply with the letter was lost', async () => {
    class LossyMailbox extends LocalMailbox {
      override take(userId: string, at: string): string | undefined {
        if (super.take(userId, at) !== undefined) throw new Error('the reply is lost');
        return undefined;
      }
    }
    const { report } = await boot({ mailbox: new LossyMailbox() });
    expect(report).toMatchObject({ code: 'mail-lost' });
  });

  test('a mailbox that fails before the letter is there does not lose it', async () => {
    let failures = 2;
    class FailingMailbox extends LocalMailbox {
      override take(userId: string, at: string): string | undefined {
        if (failures-- > 0) throw new Error('internal error');
        return super.take(userId, at);
      }
    }
    rig = await openRig({ mailbox: new FailingMailbox() });
    rig.start('i-1');
    await until(() => rig.events.filter(({ kind }) => kind === 'mailbox-empty').length >= 2);
    await rig.give('i-1');
    expect((await rig.ended('i-1')).report).toMatchObject({ code: 'done' });
  });

  test('no letter before the boot deadline', async () => {
    rig = await openRig({ bootDeadlineMs: 4_000 });
    rig.start('i-1');
    expect((await rig.ended('i-1')).report).toMatchObject({ code: 'mail-missing' });
  });

  test('a listener that never listens', async () => {
    const { report } = await boot({ listener: 'sleep 60', bootDeadlineMs: 4_000 });
    expect(report).toMatchObject({ code: 'boot-deadline' });
  });

  test('a job that never ends', async () => {
    const { report } = await boot({
      listener: `${LISTENING}\n${RUNNING}\nsleep 60`,
      bootDeadlineMs: 3_900,
      lifetimeMs: 4_000,
    });
    expect(report).toMatchObject({ code: 'lifetime-over' });
  });
});

describe('the exit status of the listener', () => {
  test.each([
    ['0 after a job', `${ONE_JOB}\nexit 0`, 'done', 0, 1],
    ['0 without a job', `${LISTENING}\nexit 0`, 'no-job', 0, 1],
    ['1 without a job', `exit 1`, 'listener-failed', 1, 1],
    ['1 after a job', `${ONE_JOB}\nexit 1`, 'listener-failed', 1, 1],
    ['2 is launched again three times', `${LISTENING}\nexit 2`, 'listener-failed', 2, 4],
    ['2 and then a job', `[ -e again ] || { touch again; exit 2; }\n${ONE_JOB}`, 'done', 0, 2],
    ['3: an update, then a job', `[ -e again ] || { touch again update.finished; exit 3; }\n${ONE_JOB}`, 'done', 0, 2],
    ['4: an update that never ends', `exit 4`, 'listener-failed', 4, 4],
    ['5', `exit 5`, 'listener-failed', 5, 1],
    ['7', `exit 7`, 'version-deprecated', 7, 1],
    ['a crash in the job', `${LISTENING}\n${RUNNING}\nkill -SEGV $$`, 'listener-failed', 139, 1],
  ])('%s', async (_, listener, code, exit, launches) => {
    const { report, log } = await boot({ listener: `echo launched\n${listener}` });
    expect(report).toMatchObject({ code, exit });
    expect(log.match(/^launched$/gm)).toHaveLength(launches);
  });

  test('is awaited after the job is completed', async () => {
    const { log } = await boot({ listener: `${ONE_JOB}\nsleep 1.5\necho told GitHub` });
    expect(log).toContain('told GitHub');
  });

  test('counts, although a process of the job keeps its output open', async () => {
    const { report } = await boot({ listener: `${ONE_JOB}\nsleep 60 &` });
    expect(report).toMatchObject({ code: 'done', exit: 0 });
  });
});

// bash's read loses the newline of a line that is complete just when its time is over.
test.each([
  ['in pieces', 'printf "2026-11-24 10:00:01Z: Runn"; sleep 0.4; echo "ing job: build (1)"'],
  ['with the one before it, whose newline was lost', 'echo "2026-11-24 10:00:01Z: Running job: build (1)"'],
])('a marker that comes %s counts', async (_, running) => {
  const { report, log } = await boot({ listener: `${LISTENING.replace('echo', 'printf')}; sleep 0.4\n${running}` });
  expect(report).toMatchObject({ code: 'done' });
  expect(Object.keys(report?.phases ?? {}).slice(-3)).toEqual(['listening', 'job', 'ended']);
  expect(log.match(/^mayfly: (listening|job)$/gm)).toEqual(['mayfly: listening', 'mayfly: job']);
});

describe('setup commands', () => {
  test('run in order before the letter is taken', async () => {
    const setupCommands = ['echo first; echo "$HOME" >kept', 'cat kept; echo "second: $(umask)"'];
    rig = await openRig({ setupCommands });
    rig.start('i-1');
    await until(() => rig.events.some(({ kind }) => kind === 'mailbox-empty'));
    await rig.give('i-1');
    const { log, report } = await rig.ended('i-1');
    expect(report).toMatchObject({ code: 'done' });
    expect(log).toMatch(/^first\n\/.*\nsecond: 0022\nmayfly: setup$/m);
  });

  test('that fail, fail the boot: the report has the last lines', async () => {
    const { report } = await boot({
      setupCommands: ['true', 'seq 99; echo "no \'x\' \\\\ here" >&2; exit 3', 'touch never'],
    });
    const output = `command 2 ended with 3: ${[91, 92, 93, 94, 95, 96, 97, 98, 99].join('|')}|no ?x? ? here|`;
    expect(report).toMatchObject({ code: 'setup-failed', output });
    expect(rig.events.map(({ kind }) => kind)).not.toContain('letter-taken');
  });

  test('that hang, whatever they leave running, end at the boot deadline', async () => {
    const { report } = await boot({ bootDeadlineMs: 8_000, setupCommands: ['sleep 60 & disown', 'sleep 60'] });
    expect(report).toMatchObject({ code: 'setup-failed', output: 'command 2 ended with 124: ' });
  });
});

async function scriptOf(id: string): Promise<string[]> {
  const file = rig.host.logFile(id).replace('boot.log', 'boot.sh');
  return readFileSync(file, 'utf8').split('\n');
}

test('a second boot powers off before it does anything', async () => {
  rig = await openRig({ listener: `${LISTENING}\nsleep 1\nbash ../../../boot.sh >>../../../boot.log\nsleep 60` });
  await rig.give('i-1');
  rig.start('i-1');
  const { log, report } = await rig.ended('i-1');
  expect(log).toMatch(/mayfly: second-boot\n$/);
  expect(log.match(/mayfly: metadata/g)).toHaveLength(1);
  expect(report).toMatchObject({ code: 'listening' });
});

describe('with another curl', () => {
  /** Puts a bash script before the real curl on the PATH of instances. */
  function wrapCurl(script: string) {
    const folder = mkdtempSync(join(tmpdir(), 'mayfly-curl-'));
    const path = process.env.PATH ?? '';
    const file = join(folder, 'curl');
    writeFileSync(file, `#!/bin/bash\n${script}\nPATH='${path}'\nexec curl "$@"\n`, { mode: 0o755 });
    process.env.PATH = `${folder}:${path}`;
    return {
      file,
      restore() {
        process.env.PATH = path;
        rmSync(folder, { recursive: true });
      },
    };
  }

  test('nothing secret stands in its arguments', async () => {
    const curl = wrapCurl('echo "curl: $*" >&2');
    try {
      const { report, log } = await boot();
      expect(report).toMatchObject({ code: 'done' });
      const calls = log.match(/^curl: .*$/gm) ?? [];
      expect(new Set(calls)).toEqual(new Set(['curl: --version', 'curl: -q -K -']));
    } finally {
      curl.restore();
    }
  });

  test('one that signs wrongly is refused', async () => {
    const curl = wrapCurl('');
    try {
      rig = await openRig();
      writeFileSync(curl.file, '#!/bin/bash\necho "curl 7.81.0 (x86_64-pc-linux-gnu)"\n');
      rig.start('i-1');
      const { log, report } = await rig.ended('i-1');
      expect(log).toContain('mayfly: curl-too-old');
      expect(report).toBeUndefined();
    } finally {
      curl.restore();
    }
  });
});
