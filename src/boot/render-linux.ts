/** The Linux boot script of a pool: EC2 user data. Compiled by jsii too, hence imports without `.ts` and no packages. */
import { configureRunner } from './linux/configure-runner';
import { fetchRunner } from './linux/fetch-runner';
import { head } from './linux/head';
import { mailboxRow } from './linux/mailbox-row';
import { metadata } from './linux/metadata';
import { runListener } from './linux/run-listener';
import { setup } from './linux/setup';
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
  /**
   * Run in order by bash as root, before the instance takes its JIT config, bounded by the boot deadline. One that fails
   * fails the boot: `setup-failed`, with the last lines of its output in the report. They count towards the 12 KB.
   */
  readonly setupCommands?: readonly string[];
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

const BEFORE_SETUP = [watchdogs, trap, tools, metadata, mailboxRow];
const AFTER_SETUP = [takeLetter, fetchRunner, configureRunner, runListener];

/**
 * Values that AWS knows only later may be placeholders of a valid shape: letters and digits.
 * @throws Error when a value could not be quoted safely or the script is longer than 12 KB.
 */
export function renderLinuxBoot(input: LinuxBootInput): string {
  const parts = [
    ...[head, settings(input)],
    ...BEFORE_SETUP.map(compact),
    ...setupParts(input.setupCommands ?? []),
    ...AFTER_SETUP.map(compact),
  ];
  const script = `${parts.join('\n')}\n`;
  const bytes = new TextEncoder().encode(script).length;
  if (bytes > LINUX_BOOT_BYTES) {
    throw new Error(`the boot script has ${bytes} bytes with its setup commands, more than ${LINUX_BOOT_BYTES}`);
  }
  return script;
}

/**
 * Without indentation, comment lines and what functions say of their arguments: a fifth of the text. No phase has a text
 * in which these mean anything.
 */
const compact = (phase: string) =>
  phase
    .split('\n')
    .map((line) => line.trimStart().replace(/\{ # .*$/, '{'))
    .filter((line) => line !== '' && (!line.startsWith('#') || line.startsWith('# ----')))
    .join('\n');

/** The commands stand as they are, in single quotes. */
function setupParts(commands: readonly string[]): string[] {
  if (commands.length === 0) return [];
  if (commands.some((command) => command.includes('\0'))) throw new Error('boot script: a setup command has a NUL');
  const quoted = commands.map((command) => `'${command.replace(/'/g, "'\\''")}'`);
  return [`readonly SETUP=(\n${quoted.join('\n')}\n)`, compact(setup)];
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
  bucket: /^[A-Za-z0-9-]{3,63}$/,
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
