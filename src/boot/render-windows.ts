/** The Windows boot script of a pool: EC2 user data for EC2Launch v2. Compiled by jsii too, like render-linux.ts. */

import { gzipSync } from 'node:zlib';
import type { BootInput, ProxyAddresses } from './boot-input';
import {
  checked,
  DEFAULT_PAUSES,
  IDLE_GRACE_MS,
  LINUX_BOOT_BYTES,
  limitMs,
  proxySettings,
  whole,
} from './render-linux';
import { configureRunner } from './windows/configure-runner';
import { fetchRunner } from './windows/fetch-runner';
import { jobHook } from './windows/job-hook';
import { mailboxRow } from './windows/mailbox-row';
import { metadata, readMetadata } from './windows/metadata';
import { folders, prepare } from './windows/prepare';
import { requests } from './windows/requests';
import { runListener } from './windows/run-listener';
import { sign } from './windows/sign';
import { takeLetter } from './windows/take-letter';
import { beginning, ending, trap } from './windows/trap';
import { watchdogs } from './windows/watchdogs';

export interface WindowsBootInput extends BootInput {
  /**
   * Run in order by Windows PowerShell as administrator, each in a process of its own that stops at the first error. The
   * exit status of a program within counts only as the last one. Printable ASCII: it would read anything else wrongly.
   */
  readonly setupCommands?: readonly string[];
  /** `C:\...\name.ps1` each. */
  readonly hooks?: BootInput['hooks'];
}

export const WINDOWS_BOOT_BYTES = LINUX_BOOT_BYTES;

/**
 * Values that AWS knows only later may be placeholders of a valid shape: letters and digits.
 * @throws Error when a value could not be quoted safely or the script is longer than 12 KB.
 */
export function renderWindowsBoot(input: WindowsBootInput): string {
  const parts = [
    ...['<powershell>', HEAD, settings(input)],
    `$Packed = '${gzipSync(phasesOf(input), { level: 9 }).toString('base64')}'`,
    compact(watchdogs),
    // EC2Launch then does not wait for it with what else it has to do.
    ...['</powershell>', '<detach>true</detach>'],
  ];
  const script = `${parts.join('\n')}\n`;
  const bytes = new TextEncoder().encode(script).length;
  if (bytes > WINDOWS_BOOT_BYTES) {
    throw new Error(`the boot script has ${bytes} bytes with its setup commands, more than ${WINDOWS_BOOT_BYTES}`);
  }
  return script;
}

/**
 * What the user data has packed, because PowerShell needs more than 12 KB for it: all but the watchdogs and what only the
 * deployment knows. A boot report counts its lines.
 */
export function phasesOf(input: WindowsBootInput): string {
  const hook = jobHook(input.policy, checkedScript(input.hooks?.jobStarted));
  const functions = [trap, requests, sign, metadata, mailboxRow];
  const phases = [folders, readMetadata, prepare, takeLetter, fetchRunner, hook ?? '', configureRunner, runListener];
  return [packedSettings(input, hook !== undefined), ...[...functions, beginning, ...phases, ending].map(compact)]
    .filter((part) => part !== '')
    .join('\n');
}

const HEAD = [
  '# Boot of a Mayfly instance, made from src/boot/windows of mayfly-runners, without its comments. Every way out powers off.',
  "$ErrorActionPreference = 'Stop'",
  "$ProgressPreference = 'SilentlyContinue'",
].join('\n');

/** Without indentation and comments. No phase has a text in which these mean anything. */
const compact = (phase: string) =>
  phase
    .split('\n')
    .map((line) => line.trimStart().replace(/ # .*$/, ''))
    .filter((line) => line !== '' && (!line.startsWith('# ') || line.startsWith('# ----')))
    .join('\n');

function settings(input: WindowsBootInput): string {
  if (input.lifetimeMs <= input.bootDeadlineMs) throw new Error('lifetimeMs must be longer than bootDeadlineMs');
  const { pollMs, relaunchMs, updateMs } = input.pauses ?? DEFAULT_PAUSES;
  const { endpoints } = input;
  return [
    '# ---- settings',
    `$Platform = 'windows-x64'`,
    `$RoleId = ${quote(checked('roleId', input.roleId))}`,
    `$MailboxTable = ${quote(checked('mailboxTable', input.mailboxTable))}`,
    `$Bucket = ${quote(checked('bucket', input.bucket))}`,
    `$Metadata = ${quote(checked('endpoint', endpoints?.metadata ?? 'http://169.254.169.254'))}`,
    `$DynamoDb = ${quote(checked('endpoint', endpoints?.dynamodb ?? ''))}`,
    `$S3 = ${quote(checked('endpoint', endpoints?.s3 ?? ''))}`,
    `$BootDeadlineMs = ${whole(input.bootDeadlineMs)}; $BootLimitMs = ${limitMs(input.bootDeadlineMs)}`,
    `$LifetimeMs = ${whole(input.lifetimeMs)}; $LifeLimitMs = ${limitMs(input.lifetimeMs)}`,
    `$IdleMs = ${whole(input.idleTimeoutMs)}; $IdleGraceMs = ${whole(input.idleGraceMs ?? IDLE_GRACE_MS)}`,
    `$PollMs = ${whole(pollMs)}; $RelaunchMs = ${whole(relaunchMs)}; $UpdateMs = ${whole(updateMs)}`,
  ].join('\n');
}

/** What packing makes shorter, setup commands above all. */
function packedSettings(input: WindowsBootInput, hasHook: boolean): string {
  const { caCertificates, proxy, setupCommands = [] } = input;
  if (caCertificates !== undefined) checked('caCertificates', caCertificates);
  return [
    `$RunnerEnv = ${quote(runnerEnvironment(input, hasHook).join('\n'))}`,
    `$CaCertificates = ${quote(caCertificates?.trim() ?? '')}`,
    `$Setup = @(${setupCommands.map(quoteCommand).join(', ')})`,
    ...proxySettings(proxy).map((variable) => `$env:${variable.replace(/=(.*)/, (_, value) => ` = ${quote(value)}`)}`),
    PATHS,
    `$Direct = New-Object Net.WebProxy; $Proxy = ${proxyObject(proxy)}`,
  ].join('\n');
}

const PATHS = [
  `$Public = 'C:\\mayfly'; $Private = "$Public\\private"; $Runner = 'C:\\actions-runner'; $BootLog = "$Private\\boot.log"`,
  '$LF = [string][char]10; $Utf8 = New-Object Text.UTF8Encoding $false; $NoBytes = [byte[]]@()',
].join('\n');

/** The runner's `.env`: what it and the jobs have in their environment. */
function runnerEnvironment({ hooks, proxy, caCertificates }: WindowsBootInput, hasHook: boolean): string[] {
  const completed = checkedScript(hooks?.jobCompleted);
  return [
    ...(hasHook ? ['ACTIONS_RUNNER_HOOK_JOB_STARTED=C:\\mayfly\\job-started.ps1'] : []),
    ...(completed === undefined ? [] : [`ACTIONS_RUNNER_HOOK_JOB_COMPLETED=${completed}`]),
    ...proxySettings(proxy),
    ...(caCertificates === undefined ? [] : ['NODE_EXTRA_CA_CERTS=C:\\mayfly\\ca.pem']),
  ];
}

/** What AWS is asked through: its endpoints speak HTTPS. Hosts to be asked directly are patterns for .NET. */
function proxyObject(proxy: ProxyAddresses | undefined): string {
  if (proxy?.https === undefined) return '$Direct';
  const patterns = (proxy.direct ?? []).map((host) => {
    const name = checked('host', host).replace(/^\*?\./, '');
    return `://([^/]*\\.)?${name.replace(/[.]/g, '\\.').replace(/\*/g, '.*')}(:|/|$)`;
  });
  const list = `@(${patterns.map(quote).join(', ')})`;
  return `New-Object Net.WebProxy(${quote(checked('proxy', proxy.https))}, $true, ${list})`;
}

/** PowerShell takes typographic quotes for quotes too: only ASCII comes this far. */
const quote = (text: string) => `'${text.replace(/'/g, "''")}'`;

function quoteCommand(command: string): string {
  if (!/^[\t\n\x20-\x7e]*$/.test(command)) throw new Error('a setup command for Windows is printable ASCII');
  // EC2Launch looks for its tags before PowerShell looks for quotes.
  if (/<\s*\/?\s*(powershell|script|persist|detach)/i.test(command)) {
    throw new Error('a setup command for Windows can not contain a tag of user data');
  }
  return quote(command);
}

function checkedScript(path: string | undefined): string | undefined {
  if (path === undefined || /^[A-Za-z]:(\\[A-Za-z0-9@._+-]+)+\.ps1$/.test(path)) return path;
  throw new Error(`boot script: a hook on Windows can not be ${JSON.stringify(path)}`);
}
