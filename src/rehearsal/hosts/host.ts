/** What the hosts of a rehearsal have in common. */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InstanceHost } from '../../adapters/local/instance-host.ts';
import type { BootEndpoints, BootPauses } from '../../boot/boot-input.ts';
import { type LinuxBootInput, renderLinuxBoot } from '../../boot/render-linux.ts';
import { CodedError } from '../../core/codes.ts';
import type { Pool } from '../../core/types.ts';
import type { InstanceServices } from '../instance-services/serve-instances.ts';

export interface HostOptions {
  /** Name of this rehearsal: no other on this machine may have it. Letters, digits, `-`. */
  readonly run: string;
  readonly services: InstanceServices;
  readonly mailboxTable: string;
  readonly bucket: string;
  /** Hard end of every instance. */
  readonly lifetimeMs: number;
  readonly pauses?: BootPauses;
  /** Default: none. */
  readonly setupCommands?: readonly string[];
  /** More that the boot script can do. Default: nothing. */
  readonly boot?: Pick<
    LinuxBootInput,
    'endpoints' | 'idleGraceMs' | 'policy' | 'hooks' | 'sudo' | 'docker' | 'proxy' | 'caCertificates' | 'canary'
  >;
  readonly onRunning?: (instanceId: string) => void;
  /** Nothing of the instance is left. `stateReason`: EC2's words. */
  readonly onEnded: (instanceId: string, stateReason: string) => void;
  /** Just before its folder is removed: the last 16 kB of what the boot script and its runner printed. */
  readonly onBootLog?: (instanceId: string, tail: string) => void;
}

export interface Leftovers {
  readonly processes: number;
  readonly directories: number;
}

/** A host that can be looked after. */
export interface RehearsalHost extends InstanceHost {
  /** Where a living instance writes what it prints. */
  logFile(instanceId: string): string;
  leftovers(): Leftovers;
  /** Ends all instances; resolves when nothing is left of them, after 10 s at the latest. */
  close(): Promise<void>;
}

const LOG_TAIL_BYTES = 16_384;

/** Where the host of a run keeps the folders of its instances. */
export function folderOf(run: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(run)) throw new Error(`not a name for a run: ${run}`);
  return join(realpathSync(tmpdir()), `mayfly-${run}`);
}

/** The boot script of a pool. @throws CodedError `pools-invalid` for a Windows pool. */
export function renderBoot(options: HostOptions, pool: Pool, endpoints: BootEndpoints, rootDir = ''): string {
  const { mailboxTable, bucket, lifetimeMs, pauses, setupCommands = [] } = options;
  const { platform, roleId, bootDeadlineMs, idleTimeoutMs } = pool;
  if (platform === 'windows-x64')
    throw new CodedError('pools-invalid', `Pool "${pool.name}": the rehearsal has no Windows instances.`);
  return renderLinuxBoot({
    ...{ platform, roleId, mailboxTable, bucket, bootDeadlineMs, lifetimeMs, idleTimeoutMs, endpoints, rootDir },
    setupCommands,
    ...(pauses === undefined ? {} : { pauses }),
    ...options.boot,
  });
}

export function readTail(file: string): string {
  try {
    return readFileSync(file).subarray(-LOG_TAIL_BYTES).toString();
  } catch {
    return '';
  }
}

export function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
