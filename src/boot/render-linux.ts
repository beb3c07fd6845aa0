/** The Linux boot script of a pool: EC2 user data. Compiled by jsii too, hence imports without `.ts` and no packages. */
import { configureRunner } from './linux/configure-runner';
import { fetchRunner } from './linux/fetch-runner';
import { head } from './linux/head';
import { mailboxRow } from './linux/mailbox-row';
import { metadata } from './linux/metadata';
import { runListener } from './linux/run-listener';
import { takeLetter } from './linux/take-letter';
import { tools } from './linux/tools';
import { trap } from './linux/trap';
import { watchdogs } from './linux/watchdogs';

export interface LinuxBootInput {
  readonly platform: 'linux-x64' | 'linux-arm64';
  /** Unique id of the instance role: an instance's mailbox key is `<roleId>:<instance id>`. */
  readonly roleId: string;
  readonly mailboxTable: string;
  /** Where the runner packages lie. No dots: they break TLS. */
  readonly bucket: string;
  /** From the first line to "Listening for Jobs"; then the instance powers off. */
  readonly bootDeadlineMs: number;
  /** From the first line to poweroff, whatever runs. Longer than the boot deadline. */
  readonly lifetimeMs: number;
  /** Instead of AWS's own, which the instance finds by its region. Addresses without a slash at the end. */
  readonly endpoints?: BootEndpoints;
  /** Put before every path that the script writes. Default: none. */
  readonly rootDir?: string;
  readonly pauses?: BootPauses;
}

export interface BootEndpoints {
  readonly metadata: string;
  readonly dynamodb: string;
  /** With the bucket: objects are at `<s3>/<key>`. */
  readonly s3: string;
}

export interface BootPauses {
  /** Between two looks into the mailbox, and two tries of a download. Default 1 s. */
  readonly pollMs: number;
  /** Before the listener is launched again after its exit status 2. Default 5 s. */
  readonly relaunchMs: number;
  /** At most, for the listener's update of itself (status 3 and 4). Default 30 s. */
  readonly updateMs: number;
}

/** EC2 takes 16 KB of user data; the rest is for setup commands. */
export const LINUX_BOOT_BYTES = 12 * 1024;

/** What an instance keeps of a limit for its report: a tenth, at most this. */
const REPORT_MS = 15_000;

const DEFAULT_PAUSES: BootPauses = { pollMs: 1_000, relaunchMs: 5_000, updateMs: 30_000 };

const PHASES = [watchdogs, trap, tools, metadata, mailboxRow, takeLetter, fetchRunner, configureRunner, runListener];

/** @throws Error when a value could not be quoted safely or the script is longer than 12 KB. */
export function renderLinuxBoot(input: LinuxBootInput): string {
  const script = `${[head, settings(input), ...PHASES].join('\n\n')}\n`;
  if (script.length > LINUX_BOOT_BYTES) {
    throw new Error(`the boot script has ${script.length} bytes, more than ${LINUX_BOOT_BYTES}`);
  }
  return script;
}

function settings(input: LinuxBootInput): string {
  if (input.lifetimeMs <= input.bootDeadlineMs) throw new Error('lifetimeMs must be longer than bootDeadlineMs');
  const pauses = input.pauses ?? DEFAULT_PAUSES;
  const text = (name: keyof typeof SHAPES, value: string) => `'${checked(name, value)}'`;
  return [
    '# ---- settings: those of the pool',
    `readonly PLATFORM=${text('platform', input.platform)}`,
    `readonly ROLE_ID=${text('roleId', input.roleId)}`,
    `readonly MAILBOX_TABLE=${text('mailboxTable', input.mailboxTable)}`,
    `readonly BUCKET=${text('bucket', input.bucket)}`,
    `readonly METADATA=${text('endpoint', input.endpoints?.metadata ?? 'http://169.254.169.254')}`,
    `readonly DYNAMODB_ENDPOINT=${text('endpoint', input.endpoints?.dynamodb ?? '')}`,
    `readonly S3_ENDPOINT=${text('endpoint', input.endpoints?.s3 ?? '')}`,
    `readonly ROOT=${text('rootDir', input.rootDir ?? '')}`,
    `readonly BOOT_DEADLINE_MS=${whole(input.bootDeadlineMs)} BOOT_REPORT_MS=${reportMs(input.bootDeadlineMs)}`,
    `readonly LIFETIME_MS=${whole(input.lifetimeMs)} LIFE_REPORT_MS=${reportMs(input.lifetimeMs)}`,
    `readonly POLL_S=${whole(pauses.pollMs) / 1000} RELAUNCH_S=${whole(pauses.relaunchMs) / 1000} UPDATE_WAIT_MS=${whole(pauses.updateMs)}`,
  ].join('\n');
}

/** What may stand between single quotes, in JSON and in a curl option without any escape. */
const SHAPES = {
  platform: /^linux-(x64|arm64)$/,
  roleId: /^[A-Za-z0-9_-]+$/,
  mailboxTable: /^[A-Za-z0-9_.-]{3,255}$/,
  bucket: /^[a-z0-9-]{3,63}$/,
  endpoint: /^(https?:\/\/[A-Za-z0-9.:_/-]*[A-Za-z0-9])?$/,
  rootDir: /^(\/[A-Za-z0-9@._+-]+)*$/,
} as const;

function checked(name: keyof typeof SHAPES, value: string): string {
  if (!SHAPES[name].test(value)) throw new Error(`boot script: ${name} can not be ${JSON.stringify(value)}`);
  return value;
}

function whole(milliseconds: number): number {
  if (!Number.isSafeInteger(milliseconds) || milliseconds <= 0) {
    throw new Error(`boot script: ${milliseconds} is not a whole number of milliseconds`);
  }
  return milliseconds;
}

const reportMs = (limitMs: number) => Math.min(REPORT_MS, Math.floor(limitMs / 10));
