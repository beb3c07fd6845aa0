/** What can go wrong on an instance: whatever it is, the machine powers off in time and says why. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { LocalMailbox } from '../../src/adapters/local/mailbox.ts';
import { prepareRootfs } from '../../src/rehearsal/hosts/nspawn-rootfs.ts';
import { COMPLETED, LISTENING, ONE_JOB, packRunner, RUNNING } from './boot-rig.ts';
import { type MachineRigOptions, openMachineRig } from './machine-rig.ts';
import { tracesOf } from './traces.ts';

interface Failure extends MachineRigOptions {
  /** In the report, or on the console where no report is possible. */
  readonly code: string;
  /** Default: the letter is there from the start, and right. */
  readonly letter?: 'none' | { runnerKey?: string; runnerSha256?: string };
  /** The report can not be sent. */
  readonly isMute?: boolean;
}

class LossyMailbox extends LocalMailbox {
  override take(userId: string, at: string): string | undefined {
    if (super.take(userId, at) !== undefined) throw new Error('the reply is lost');
    return undefined;
  }
}

const RUNNER = packRunner(ONE_JOB);
const never = () => new Promise<undefined>(() => {});
const ELSEWHERE = 'http://no-such-name.invalid';
const job = (...steps: string[]) => [LISTENING, RUNNING, ...steps].join('\n');
const SHORT = { bootDeadlineMs: 6_000 };
/** The listener is told what its deletion at GitHub tells it. */
const GONE = 'echo "The runner no longer exists on the server. Cleaning up local configuration."';

const FAILURES: Readonly<Record<string, Failure>> = {
  'S3 does not have the runner': { code: 'runner-download', letter: { runnerKey: 'runner/other.tar.gz' } },
  'S3 is slow': {
    ...{ code: 'done', open: () => sleep(2_000, RUNNER) },
    letter: { runnerSha256: createHash('sha256').update(RUNNER).digest('hex') },
  },
  'S3 never answers': { code: 'runner-download', open: never, ...SHORT },
  'the runner is corrupt': { code: 'runner-corrupt', letter: { runnerSha256: '0'.repeat(64) } },
  'the mailbox stays empty': { code: 'mail-missing', letter: 'none', ...SHORT },
  'the reply of the mailbox is lost': { code: 'mail-lost', mailbox: new LossyMailbox() },
  'no name resolves': {
    ...{ code: 'mail-missing', isMute: true, ...SHORT },
    boot: { endpoints: { metadata: 'http://169.254.169.254', dynamodb: ELSEWHERE, s3: ELSEWHERE } },
  },
  'the disk is full when the runner is unpacked': {
    code: 'boot-error',
    setupCommands: ['mount -t tmpfs -o size=4k tmpfs /opt/actions-runner'],
  },
  'a setup command fails': { code: 'setup-failed', setupCommands: ['exit 3'] },
  'a setup command hangs': { code: 'setup-failed', setupCommands: ['sleep 600'], ...SHORT },
  'no curl': { code: 'curl-too-old', isMute: true, files: { 'usr/bin/curl': 'no program' } },
  'an old curl': { code: 'curl-too-old', isMute: true, files: { 'usr/bin/curl': '#!/bin/sh\necho curl 7.81.0 x\n' } },
  'the listener ends with 0 before a job: deleted while idle': {
    code: 'no-job',
    listener: `${LISTENING}\nsleep 1\n${GONE}`,
  },
  'with 1: terminated': { code: 'listener-failed', listener: 'exit 1' },
  'with 2, again and again': { code: 'listener-failed', listener: `${LISTENING}\nexit 2` },
  'with 3: an update that never comes': { code: 'listener-failed', listener: 'exit 3' },
  'with 4: an update for one job, that never comes': { code: 'listener-failed', listener: 'exit 4' },
  'with 5: another session': { code: 'listener-failed', listener: 'exit 5' },
  'with 6: nothing that it should end with': { code: 'listener-failed', listener: 'exit 6' },
  'with 7: its version is refused': { code: 'version-deprecated', listener: 'exit 7' },
  'it crashes in the job': { code: 'listener-failed', listener: job('kill -SEGV $$') },
  'it is killed in the job': { code: 'listener-failed', listener: job('kill -KILL $$') },
  'it hangs after its job': {
    ...{ code: 'lifetime-over', listener: job(COMPLETED, 'sleep 600') },
    ...{ bootDeadlineMs: 7_000, lifetimeMs: 8_000 },
  },
  'it never listens': { code: 'boot-deadline', listener: 'sleep 600', ...SHORT },
  'it prints without end and never listens': {
    code: 'boot-deadline',
    listener: 'while :; do echo; sleep 0.01; done',
    ...SHORT,
  },
  'no job comes, and nobody ends the instance': {
    ...{ code: 'idle-over', listener: `${LISTENING}\nsleep 600` },
    ...{ idleTimeoutMs: 1_000, boot: { idleGraceMs: 1_000 } },
  },
  'the job is longer than the lifetime': {
    ...{ code: 'lifetime-over', listener: job('sleep 600') },
    ...{ bootDeadlineMs: 7_000, lifetimeMs: 8_000 },
  },
  'the job leaves a process that ignores SIGTERM': {
    code: 'done',
    listener: job(`setsid bash -c 'trap "" TERM HUP INT; while :; do sleep 1; done' &`, COMPLETED),
  },
  'a root job leaves one outside of its unit': {
    code: 'done',
    listener: job(`sudo systemd-run -q bash -c 'trap "" TERM; while :; do sleep 1; done'`, COMPLETED),
  },
  'the job reboots the machine': { code: 'second-boot', listener: job('sudo systemctl reboot; sleep 600') },
  'the job shuts the machine down': { code: 'second-boot', listener: job('sudo shutdown now; sleep 600') },
  'the job reboots the machine by force': {
    code: 'listening',
    listener: job('sleep 1; sudo systemctl reboot --force --force; sleep 600'),
  },
};

const AT_ONCE = 4;
/** The longest deadline above, and what a machine of a loaded host may take to start and to end. */
const WITHIN_MS = 8_000 + 12_000;

afterAll(async () => expect(tracesOf('mayfly-disk-')).toEqual([]));

describe('the machine powers off, and says why', { concurrent: true }, () => {
  test.for(Object.entries(FAILURES))('%s', { timeout: 120_000 }, async ([, failure], { expect }) => {
    await prepareRootfs(() => {});
    await inTurn(async () => {
      const { code, isMute = false, letter = {}, ...options } = failure;
      const rig = await openMachineRig(options);
      try {
        if (letter !== 'none') await rig.give('i-1', letter);
        const at = Date.now();
        rig.start('i-1');
        const { reason, report, log } = await rig.ended('i-1');
        expect(Date.now() - at).toBeLessThan(WITHIN_MS);
        expect(reason).toBe('Client.InstanceInitiatedShutdown');
        if (isMute) expect(log).toMatch(new RegExp(`mayfly: ${code} \\(line \\d+`));
        expect(report?.code).toBe(isMute ? undefined : code);
        expect(rig.host.leftovers()).toEqual({ processes: 0, directories: 0 });
      } finally {
        await rig.close();
      }
    });
  });
});

let running = 0;
const waiting: (() => void)[] = [];

/** As many at once as two processors boot without delay. */
async function inTurn(work: () => Promise<void>): Promise<void> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}
