/**
 * Instances as machines: each boots Debian 13 with systemd and cloud-init, which fetches the boot script as user data
 * from the metadata at 169.254.169.254, as on EC2. An instance has a network of its own, in which there is nothing but
 * the metadata and, on 127.0.0.1, the ports that `ports` names. Past about 25 at once, the kernel's
 * fs.inotify.max_user_instances must be raised.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalInstance } from '../../adapters/local/instance-host.ts';
import type { Pool } from '../../core/types.ts';
import {
  folderOf,
  type HostOptions,
  type Leftovers,
  listFolder,
  type RehearsalHost,
  readTail,
  renderBoot,
} from './host.ts';
import { findMarked } from './marked-processes.ts';
import { type Machine, type MachineEnd, startMachine } from './nspawn-machine.ts';
import { type Door, doorTo, httpDoor } from './open-doors.ts';
import { removeFolder } from './remove-folder.ts';

export interface NspawnHostOptions extends HostOptions {
  /** Folder of a root file system with cloud-init: `prepareRootfs` makes one. */
  readonly rootfs: string;
  /** Ports of this machine's 127.0.0.1 that instances reach under the same address, besides the instances' services. */
  readonly ports?: readonly number[];
  readonly onReboot?: (instanceId: string) => void;
}

interface Running {
  readonly machine: Machine;
  readonly ended: Promise<void>;
  /** What ends it, when it is not the instance itself. */
  stateReason: string;
}

const METADATA = '169.254.169.254';

export class NspawnHost implements RehearsalHost {
  readonly #options: NspawnHostOptions;
  readonly #folder: string;
  readonly #running = new Map<string, Running>();
  #cgroupsLeft = 0;

  constructor(options: NspawnHostOptions) {
    this.#options = options;
    this.#folder = folderOf(options.run);
  }

  /** @throws CodedError `pools-invalid` for a Windows pool. */
  start({ id }: LocalInstance, pool: Pool): void {
    const { services, run, rootfs } = this.#options;
    const endpoints = { ...services.addInstance(id, pool.roleId), metadata: `http://${METADATA}` };
    services.setUserData(id, renderBoot(this.#options, pool, endpoints));
    mkdirSync(join(this.#folder, id), { recursive: true, mode: 0o700 });
    const machine = startMachine({
      ...{ name: `mayfly-${run}-${id}`, marker: `MAYFLY_INSTANCE=${run}/${id}`, rootfs, logFile: this.logFile(id) },
      doors: this.#doorsOf(id),
      onRunning: () => this.#options.onRunning?.(id),
      onReboot: () => this.#options.onReboot?.(id),
    });
    const ended = machine.ended.then((end) => this.#end(id, end));
    this.#running.set(id, { machine, ended, stateReason: 'Client.UserInitiatedShutdown' });
  }

  stop(instanceId: string): void {
    this.#running.get(instanceId)?.machine.stop();
  }

  /** EC2 takes a spot instance back: says so in its metadata, and ends it after `warningMs` (EC2: two minutes). */
  async reclaim(instanceId: string, warningMs: number): Promise<void> {
    this.#options.services.announceReclaim(instanceId, Date.now() + warningMs);
    await sleep(warningMs);
    const running = this.#running.get(instanceId);
    if (running === undefined) return;
    running.stateReason = 'Server.SpotInstanceTermination';
    running.machine.stop();
  }

  /** Where a living instance's console is written. */
  logFile(instanceId: string): string {
    return join(this.#folder, instanceId, 'boot.log');
  }

  leftovers(): Leftovers {
    return {
      processes: findMarked(`MAYFLY_INSTANCE=${this.#options.run}/`).length,
      directories: listFolder(this.#folder).length + this.#cgroupsLeft,
    };
  }

  async close(): Promise<void> {
    for (const { machine } of this.#running.values()) machine.stop();
    const all = Promise.all([...this.#running.values()].map(({ ended }) => ended));
    await Promise.race([all, sleep(10_000, undefined, { ref: false })]);
    if (listFolder(this.#folder).length === 0) rmSync(this.#folder, { recursive: true, force: true });
  }

  #doorsOf(id: string): Door[] {
    const { services, ports = [] } = this.#options;
    const local = [services.port, ...ports].map((port) => doorTo('127.0.0.1', port));
    return [httpDoor(METADATA, 80, services.metadataOf(id)), ...local];
  }

  async #end(id: string, { how, isGone }: MachineEnd): Promise<void> {
    if (!isGone) this.#cgroupsLeft++;
    const reason = how === 'stopped' ? this.#running.get(id)?.stateReason : REASONS[how];
    this.#options.onBootLog?.(id, readTail(this.logFile(id)));
    await removeFolder(join(this.#folder, id));
    this.#options.services.removeInstance(id);
    this.#running.delete(id);
    this.#options.onEnded(id, reason ?? '');
  }
}

const REASONS = {
  poweroff: 'Client.InstanceInitiatedShutdown',
  crash: 'Server.InternalError',
  failed: 'Server.InternalError',
} as const;
