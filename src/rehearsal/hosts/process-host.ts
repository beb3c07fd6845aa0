/**
 * Instances as processes of this machine: each really runs the rendered boot script, in a scratch folder and a process
 * group of its own. When the boot script ends, for whatever reason, the instance ends: all its processes are killed,
 * its folder is removed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalInstance } from '../../adapters/local/instance-host.ts';
import type { Pool } from '../../core/types.ts';
import { cleanPath } from './check-tools.ts';
import {
  folderOf,
  type HostOptions,
  type Leftovers,
  listFolder,
  type RehearsalHost,
  readTail,
  renderBoot,
} from './host.ts';
import { endMarked, findInside, findMarked, killNow } from './marked-processes.ts';
import { removeFolder } from './remove-folder.ts';
import { renderShims } from './shims.ts';

interface Running {
  readonly id: string;
  readonly folder: string;
  readonly marker: string;
  readonly boot: ChildProcess;
  readonly ended: Promise<void>;
  stopped: boolean;
}

export class ProcessHost implements RehearsalHost {
  readonly #options: HostOptions;
  readonly #path: string;
  readonly #folder: string;
  readonly #running = new Map<string, Running>();

  constructor(options: HostOptions) {
    this.#options = options;
    this.#path = cleanPath(process.env.PATH ?? '');
    this.#folder = folderOf(options.run);
  }

  /** @throws CodedError `pools-invalid` for a Windows pool. */
  start(instance: LocalInstance, pool: Pool): void {
    const { id } = instance;
    const folder = join(this.#folder, id);
    const marker = `MAYFLY_INSTANCE=${this.#options.run}/${id}`;
    this.#prepare(id, folder, pool);
    const boot = this.#spawn(folder, marker);
    boot.once('spawn', () => this.#options.onRunning?.(id));
    const exited = new Promise<void>((resolve) => {
      boot.once('exit', () => resolve());
      boot.once('error', () => resolve());
    });
    const ended = exited.then(() => this.#end(running));
    const running: Running = { id, folder, marker, boot, ended, stopped: false };
    this.#running.set(id, running);
  }

  stop(instanceId: string): void {
    const running = this.#running.get(instanceId);
    if (running?.boot.pid === undefined) return;
    running.stopped = true;
    killNow(-running.boot.pid);
  }

  /** Where the boot script of a living instance writes what it prints. */
  logFile(instanceId: string): string {
    return join(this.#folder, instanceId, 'boot.log');
  }

  leftovers(): Leftovers {
    return {
      processes: new Set([...findMarked(`MAYFLY_INSTANCE=${this.#options.run}/`), ...findInside(this.#folder)]).size,
      directories: listFolder(this.#folder).length,
    };
  }

  /** Ends all instances; resolves when nothing is left of them, after 10 s at the latest. */
  async close(): Promise<void> {
    const all = [...this.#running.values()];
    for (const { id } of all) this.stop(id);
    await Promise.race([Promise.all(all.map(({ ended }) => ended)), sleep(10_000, undefined, { ref: false })]);
    if (listFolder(this.#folder).length === 0) rmSync(this.#folder, { recursive: true, force: true });
  }

  #prepare(id: string, folder: string, pool: Pool): void {
    const endpoints = this.#options.services.addInstance(id, pool.roleId);
    const script = renderBoot(this.#options, pool, endpoints, join(folder, 'root'));
    for (const name of ['root', 'home', 'tmp', 'bin']) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, 'boot.sh'), script);
    for (const [name, text] of Object.entries(renderShims({ stateDir: folder, path: this.#path })))
      writeFileSync(join(folder, 'bin', name), text, { mode: 0o755 });
  }

  #spawn(folder: string, marker: string): ChildProcess {
    const [name, value] = marker.split('=') as [string, string];
    const log = openSync(join(folder, 'boot.log'), 'a', 0o600);
    // The script's pid is written before its first line runs: a shim needs it.
    const boot = spawn('bash', ['-c', 'echo "$$" >boot.pid && exec bash boot.sh'], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        PATH: `${join(folder, 'bin')}:${this.#path}`,
        HOME: join(folder, 'home'),
        TMPDIR: join(folder, 'tmp'),
        LANG: 'C.UTF-8',
        [name]: value,
      },
    });
    closeSync(log);
    return boot;
  }

  async #end({ id, folder, marker, boot, stopped }: Running): Promise<void> {
    if (boot.pid !== undefined) killNow(-boot.pid);
    await endMarked(`${marker}\0`, folder);
    this.#options.onBootLog?.(id, readTail(this.logFile(id)));
    await removeFolder(folder);
    this.#options.services.removeInstance(id);
    this.#running.delete(id);
    this.#options.onEnded(id, stopped ? 'Client.UserInitiatedShutdown' : 'Client.InstanceInitiatedShutdown');
  }
}
