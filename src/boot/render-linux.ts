/** The Linux boot script of a pool: EC2 user data. Compiled by jsii too, hence imports without `.ts` and no packages. */
import type { BootInput, BootPauses, ProxyAddresses } from './boot-input';
import { type CanaryChecks, canaryMailbox, canaryRunner } from './linux/canary';
import { configureRunner } from './linux/configure-runner';
import { fetchRunner } from './linux/fetch-runner';
import { head } from './linux/head';
import { jobHook } from './linux/job-hook';
import { mailboxRow } from './linux/mailbox-row';
import { metadata } from './linux/metadata';
import { packagesCommand } from './linux/packages';
import { runListener } from './linux/run-listener';
import { setup } from './linux/setup';
import { takeLetter } from './linux/take-letter';
import { tools } from './linux/tools';
import { trap } from './linux/trap';
import { watchdogs } from './linux/watchdogs';

export interface LinuxBootInput extends BootInput {
  readonly platform: 'linux-x64' | 'linux-arm64';
  /** Put before every path that the script writes. Default: none. */
  readonly rootDir?: string;
  /**
   * Run in order by bash as root, before the instance takes its JIT config, bounded by the boot deadline. One that fails
   * fails the boot: `setup-failed`, with the last lines of its output in the report. They count towards the 12 KB.
   */
  readonly setupCommands?: readonly string[];
  /** Whether jobs may become root without a password, as on GitHub's own runners. Default true. */
  readonly sudo?: boolean;
  /** Whether Docker is installed where the image lacks it, and open to jobs: that makes them root. Default false. */
  readonly docker?: boolean;
  /** Instead of taking a letter and running a job: to prove that an instance of the pool could. Default: none. */
  readonly canary?: CanaryChecks;
}

/** EC2 takes 16 KB of user data; the rest is for setup commands. */
export const LINUX_BOOT_BYTES = 12 * 1024;

/** What an instance keeps of a limit for its report: a tenth, at most this. */
const REPORT_MS = 15_000;

export const DEFAULT_PAUSES: BootPauses = { pollMs: 1_000, relaunchMs: 5_000, updateMs: 30_000 };

export const IDLE_GRACE_MS = 300_000;

const BEFORE_SETUP = [watchdogs, trap, tools, metadata, mailboxRow];

/**
 * Values that AWS knows only later may be placeholders of a valid shape: letters and digits.
 * @throws Error when a value could not be quoted safely or the script is longer than 12 KB.
 */
export function renderLinuxBoot(input: LinuxBootInput): string {
  const hook = jobHook(input.policy, checkedPath(input.hooks?.jobStarted));
  const forJob = [takeLetter, fetchRunner, ...(hook === undefined ? [] : [hook]), configureRunner, runListener];
  const parts = [
    ...[head, settings(input, hook !== undefined)],
    ...BEFORE_SETUP.map(compact),
    ...[setupCommands(input), compact(setup)],
    ...(input.canary === undefined ? forJob.map(compact) : canaryPhases(input.canary)),
  ];
  const script = `${parts.join('\n')}\n`;
  const bytes = new TextEncoder().encode(script).length;
  if (bytes > LINUX_BOOT_BYTES) {
    throw new Error(`the boot script has ${bytes} bytes with its setup commands, more than ${LINUX_BOOT_BYTES}`);
  }
  return script;
}

/**
 * Without indentation, comments, `readonly` and what functions say of their arguments: a quarter of the text. No phase has a text
 * in which these mean anything.
 */
const compact = (phase: string) =>
  phase
    .split('\n')
    .map((line) =>
      line
        .trimStart()
        .replace(/ # .*$/, '')
        .replace(/^readonly /, ''),
    )
    .filter((line) => line !== '' && (!line.startsWith('# ') || line.startsWith('# ----')))
    .join('\n');

function canaryPhases({ runnerKey, runnerSha256 }: CanaryChecks): string[] {
  const names = `RUNNER_KEY=${quote(checked('runnerKey', runnerKey))} RUNNER_SHA256=${quote(checked('sha256', runnerSha256))}`;
  return [names, ...[canaryMailbox, fetchRunner, canaryRunner].map(compact)];
}

/** The commands stand as they are, in single quotes. */
function setupCommands(input: LinuxBootInput): string {
  const { setupCommands = [], docker = false, caCertificates } = input;
  if (docker && input.sudo === false) throw new Error('docker makes jobs root, so it can not go without sudo');
  if (setupCommands.some((command) => command.includes('\0')))
    throw new Error('boot script: a setup command has a NUL');
  if (caCertificates !== undefined) checked('caCertificates', caCertificates);
  const commands = [packagesCommand({ docker, caCertificates }), ...setupCommands];
  return `readonly SETUP=(\n${commands.map(quote).join('\n')}\n)`;
}

const quote = (text: string) => `'${text.replace(/'/g, "'\\''")}'`;

function settings(input: LinuxBootInput, hasHook: boolean): string {
  if (input.lifetimeMs <= input.bootDeadlineMs) throw new Error('lifetimeMs must be longer than bootDeadlineMs');
  const pauses = input.pauses ?? DEFAULT_PAUSES;
  const idleGraceMs = input.idleGraceMs ?? IDLE_GRACE_MS;
  const text = (name: keyof typeof SHAPES, value: string) => quote(checked(name, value));
  return [
    '# ---- settings',
    `PLATFORM=${text('platform', input.platform)}`,
    `ROLE_ID=${text('roleId', input.roleId)}`,
    `MAILBOX_TABLE=${text('mailboxTable', input.mailboxTable)}`,
    `BUCKET=${text('bucket', input.bucket)}`,
    `METADATA=${text('endpoint', input.endpoints?.metadata ?? 'http://169.254.169.254')}`,
    `DYNAMODB_ENDPOINT=${text('endpoint', input.endpoints?.dynamodb ?? '')}`,
    `S3_ENDPOINT=${text('endpoint', input.endpoints?.s3 ?? '')}`,
    `ROOT=${text('rootDir', input.rootDir ?? '')}`,
    `BOOT_DEADLINE_MS=${whole(input.bootDeadlineMs)} BOOT_LIMIT_MS=${limitMs(input.bootDeadlineMs)}`,
    `LIFETIME_MS=${whole(input.lifetimeMs)} LIFE_LIMIT_MS=${limitMs(input.lifetimeMs)}`,
    `IDLE_MS=${whole(input.idleTimeoutMs)} IDLE_GRACE_MS=${whole(idleGraceMs)}`,
    `POLL_S=${whole(pauses.pollMs) / 1000} RELAUNCH_S=${whole(pauses.relaunchMs) / 1000} UPDATE_WAIT_MS=${whole(pauses.updateMs)}`,
    `SUDO='${(input.sudo ?? true) ? 'NOPASSWD:ALL' : '!ALL'}'`,
    `RUNNER_ENV=${quote(runnerEnvironment(input, hasHook).join('\n'))}`,
    ...proxySettings(input.proxy).map((variable) => `export ${variable}`),
    'RUNNER="$ROOT/opt/actions-runner" SCRATCH="$ROOT/var/tmp/mayfly"',
  ].join('\n');
}

/** The runner's `.env`: what it and the jobs have in their environment. */
function runnerEnvironment({ hooks, proxy, caCertificates, rootDir = '' }: LinuxBootInput, hasHook: boolean): string[] {
  const completed = checkedPath(hooks?.jobCompleted);
  return [
    'LANG=C.UTF-8',
    ...(hasHook ? [`ACTIONS_RUNNER_HOOK_JOB_STARTED=${rootDir}/opt/mayfly/job-started.sh`] : []),
    ...(completed === undefined ? [] : [`ACTIONS_RUNNER_HOOK_JOB_COMPLETED=${completed}`]),
    ...proxySettings(proxy),
    ...(caCertificates === undefined ? [] : [`NODE_EXTRA_CA_CERTS=${rootDir}/opt/mayfly/ca.pem`]),
  ];
}

export function proxySettings(proxy: ProxyAddresses | undefined): string[] {
  if (proxy === undefined) return [];
  const direct = ['169.254.169.254', ...(proxy.direct ?? [])].map((host) => checked('host', host));
  return [
    ...(proxy.http === undefined ? [] : [`http_proxy=${checked('proxy', proxy.http)}`]),
    ...(proxy.https === undefined ? [] : [`https_proxy=${checked('proxy', proxy.https)}`]),
    `no_proxy=${direct.join(',')}`,
  ];
}

/** What may stand between single quotes, in JSON and in a curl option without any escape. */
const SHAPES = {
  platform: /^linux-(x64|arm64)$/,
  roleId: /^[A-Za-z0-9_-]+$/,
  mailboxTable: /^[A-Za-z0-9_.-]{3,255}$/,
  bucket: /^[A-Za-z0-9-]{3,63}$/,
  runnerKey: /^[A-Za-z0-9._/-]+$/,
  sha256: /^[0-9a-f]{64}$/,
  endpoint: /^(https?:\/\/[A-Za-z0-9.:_/-]*[A-Za-z0-9])?$/,
  rootDir: /^(\/[A-Za-z0-9@._+-]+)*$/,
  hook: /^(\/[A-Za-z0-9@._+-]+)+\.sh$/,
  proxy: /^https?:\/\/[A-Za-z0-9.-]+(:\d+)?$/,
  host: /^[A-Za-z0-9.*:/-]+$/,
  caCertificates: /^(-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\s*)+$/,
} as const;

export function checked(name: keyof typeof SHAPES, value: string): string {
  if (!SHAPES[name].test(value)) throw new Error(`boot script: ${name} can not be ${JSON.stringify(value)}`);
  return value;
}

const checkedPath = (path: string | undefined) => (path === undefined ? undefined : checked('hook', path));

export function whole(milliseconds: number): number {
  if (!Number.isSafeInteger(milliseconds) || milliseconds <= 0) {
    throw new Error(`boot script: ${milliseconds} is not a whole number of milliseconds`);
  }
  return milliseconds;
}

export const limitMs = (deadlineMs: number) => deadlineMs - Math.min(REPORT_MS, Math.floor(deadlineMs / 10));
