/** One machine: boots a root file system under systemd-nspawn, to its end. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { keeperCommand } from './nspawn-keeper.ts';
import { type Door, openDoors } from './open-doors.ts';

export interface MachineOptions {
  /** Of its cgroup: no other on this machine may have it. Letters, digits and `-`; at most 64. */
  readonly name: string;
  /** What its processes outside carry in their environment: `NAME=value`. */
  readonly marker: string;
  /** Folder of the root file system; it is not written to. */
  readonly rootfs: string;
  /** Gets what the machine prints on its console. */
  readonly logFile: string;
  /** All that it can reach. */
  readonly doors: readonly Door[];
  /** More lines for its /etc/hosts. */
  readonly hosts?: string;
  /** More certificates that its programs trust, as PEM. */
  readonly trust?: string;
  /** It boots now. */
  readonly onRunning?: () => void;
  /** It reboots: the same disk boots again. */
  readonly onReboot?: () => void;
}

export interface MachineEnd {
  /** `failed`: it never booted. */
  readonly how: 'poweroff' | 'crash' | 'stopped' | 'failed';
  /** Nothing is left of it. */
  readonly isGone: boolean;
}

export interface Machine {
  /** Never rejects. */
  readonly ended: Promise<MachineEnd>;
  /** Pulls the plug. */
  stop(): void;
}

type Keeper = ChildProcessByStdio<Writable, Readable, null>;

/** Exit status of systemd-nspawn after a reboot. */
const REBOOT = 133;

export function startMachine(options: MachineOptions): Machine {
  const [name, value] = options.marker.split('=') as [string, string];
  const [program, ...args] = keeperCommand(options.name, options.rootfs, options.hosts ?? '', options.trust ?? '');
  // In a process group of its own: Ctrl-C is for us alone, and we end it.
  const log = openSync(options.logFile, 'a', 0o600);
  const keeper = spawn(program as string, args, {
    detached: true,
    stdio: ['pipe', 'pipe', log],
    env: { PATH: process.env.PATH, [name]: value },
  }) as Keeper;
  closeSync(log);
  keeper.stdin.on('error', () => {});
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    keeper.stdin.end();
  };
  const ended = follow(keeper, options, stop).then(
    ({ status, isGone }): MachineEnd => ({ how: isStopped ? 'stopped' : nameOf(status), isGone }),
  );
  return { ended, stop };
}

const nameOf = (status: number | undefined) => (status === undefined ? 'failed' : status === 0 ? 'poweroff' : 'crash');

/** Reads what the keeper says, until it has ended. `status`: of the last boot. */
async function follow(keeper: Keeper, options: MachineOptions, stop: () => void) {
  let status: number | undefined;
  let isGone = false;
  let shut = Promise.resolve(() => {});
  const lines = createInterface(keeper.stdout);
  lines.on('line', (line) => {
    if (line === 'ready') {
      shut = openDoors(keeper.pid as number, options.doors);
      shut.then(
        () => {
          keeper.stdin.write('boot\n');
          options.onRunning?.();
        },
        () => stop(),
      );
    }
    const [, exit] = /^exit (\d+)$/.exec(line) ?? [];
    if (exit !== undefined) status = Number(exit);
    if (status === REBOOT && exit !== undefined) options.onReboot?.();
    if (line === 'gone') isGone = true;
  });
  await new Promise<void>((resolve) => {
    keeper.once('close', () => resolve());
    keeper.once('error', () => resolve());
  });
  await shut.then(
    (close) => close(),
    () => {},
  );
  return { status, isGone };
}
