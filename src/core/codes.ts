/**
 * Every code that a user can meet, in one place: what happened, in the user's words, and what to do next.
 * `docs/error-codes.md` is generated from it (`npm run docs:codes`), and a test holds the two together.
 *
 *   MF10xx webhook request    MF11xx event ignored   MF12xx why a job waits
 *   MF13xx boot of an instance   MF15xx dispatch     MF16xx reconciler   MF20xx command line and rehearsal
 */
import { type CodeText, IGNORED, WEBHOOK } from './webhook/webhook-codes.ts';

const WAITING = {
  'boot-pending': {
    code: 'MF1201',
    says: 'An instance is being launched or boots for the job.',
    next: 'Wait: seconds to a minute or two.',
  },
  'pool-full': {
    code: 'MF1202',
    says: 'The pool has as many runners as it may have.',
    next: 'Wait for one to end, or raise the limit of the pool.',
  },
  paced: {
    code: 'MF1203',
    says: "GitHub's limit of runner registrations per minute is used up for the moment.",
    next: 'Wait: the next minute has its own budget.',
  },
  'no-capacity': {
    code: 'MF1204',
    says: 'EC2 has no capacity for any of the types and zones of the pool.',
    next: 'Wait for the retry, or give the pool more instance types, zones, or on-demand fallback.',
  },
  'ec2-throttled': { code: 'MF1205', says: 'EC2 throttles our requests.', next: 'Wait: the launch is repeated.' },
  'ec2-misconfigured': {
    code: 'MF1206',
    says: 'EC2 refuses the launch: a permission, the image or the template is wrong.',
    next: 'Read the detail in the log of the dispatch function and correct the pool.',
  },
  'ec2-unanswered': {
    code: 'MF1207',
    says: 'EC2 did not answer the launch; it may have launched.',
    next: 'Wait: the same request is repeated with the same token.',
  },
  'github-throttled': { code: 'MF1208', says: 'GitHub throttles our requests.', next: 'Wait until its retry time.' },
  'github-unavailable': { code: 'MF1209', says: 'GitHub does not answer.', next: 'See www.githubstatus.com.' },
  'github-auth': {
    code: 'MF1210',
    says: "GitHub refuses the App's key, installation or permission.",
    next: 'Check the App: key, installation, and "Self-hosted runners: write".',
  },
  'github-refused': {
    code: 'MF1211',
    says: 'GitHub refuses to register the runner: runner group or labels are wrong.',
    next: 'Read the detail in the log of the dispatch function and correct the pool.',
  },
  'deployment-approval': {
    code: 'MF1212',
    says: "The job waits for the approval of its environment's deployment.",
    next: 'Approve the deployment at GitHub.',
  },
  'runner-taken': {
    code: 'MF1213',
    says: 'Another job took the runner that was made for this one.',
    next: 'Wait: it gets the other one, or a new one.',
  },
  'instance-lost': {
    code: 'MF1214',
    says: 'The instance that was meant for the job ended before it ran.',
    next: 'Wait: it is replaced.',
  },
  'attempts-spent': {
    code: 'MF1215',
    says: 'Several instances for the job ended without running any job; retries are slow now.',
    next: "Look at the boot reports of the job's attempts.",
  },
  'launch-over': {
    code: 'MF1216',
    says: 'The launch for the job can not be repeated: its token is used up.',
    next: 'Wait: a new launch is made.',
  },
  'runner-cache-empty': {
    code: 'MF1218',
    says: "No runner package for the pool's platform is in the cache.",
    next: 'See the log of the runner-cache function.',
  },
  'spot-reclaimed': {
    code: 'MF1219',
    says: 'EC2 takes the spot instance back that was meant for the job.',
    next: 'Wait: it is replaced.',
  },
  'runner-unmatched': {
    code: 'MF1220',
    says: 'A runner of the pool is online and idle, and GitHub does not give it the job.',
    next: "Check the pool's runner group: its repositories, public repositories, workflows; and `group` in `runs-on`.",
  },
  'pool-failing': {
    code: 'MF1221',
    says: 'Ten instances of the pool in a row came to nothing: one at a time is tried until one works.',
    next: "Look at the boot reports of the pool's attempts.",
  },
  'job-held': {
    code: 'MF1224',
    says: 'GitHub holds the job back: it waits for an approval or for other jobs.',
    next: 'Approve it, or wait for the jobs before it.',
  },
  'job-unreadable': {
    code: 'MF1225',
    says: 'GitHub does not tell how the job stands, so that it is not known whether it still waits.',
    next: "Check that the App may read the repository's actions. It is asked again every 15 minutes.",
  },
  'pool-removed': {
    code: 'MF1226',
    says: 'The pool of the job is not there any more, and no other pool takes its labels.',
    next: 'Add a pool with its labels, or cancel the job.',
  },
  'pool-runaway': {
    code: 'MF1227',
    says: 'The pool launched more instances in this hour than its runners could ever use.',
    next: 'See why instances end so soon; the next hour has its own allowance.',
  },
  'instance-failed': {
    code: 'MF1228',
    says: 'EC2 ended the instance itself.',
    next: "See the state reason in the log: a volume's key, a quota, the image.",
  },
  'instance-overdue': {
    code: 'MF1222',
    says: 'The instance that was meant for the job reached its hard lifetime.',
    next: 'Wait: it is replaced.',
  },
  'runner-ghost': {
    code: 'MF1223',
    says: 'GitHub does not know the runner any more that was meant for the job, although its instance runs.',
    next: 'Wait: it is replaced.',
  },
  expired: {
    code: 'MF1217',
    says: 'The job waited for more than 24 hours: GitHub has cancelled it.',
    next: 'Re-run the job.',
  },
} as const satisfies Record<string, CodeText>;

const BOOT = {
  'boot-error': { code: 'MF1301', says: 'A line of the boot script failed.', next: 'See the line in the boot report.' },
  'curl-too-old': {
    code: 'MF1302',
    says: 'The image has no curl, or one before 8.0, which signs requests wrongly.',
    next: 'Use an image with curl >= 8.0.',
  },
  'metadata-unavailable': {
    code: 'MF1303',
    says: 'The instance metadata or the role credentials did not come in time.',
    next: 'Check that the instance profile is attached and IMDSv2 is on.',
  },
  'mail-missing': {
    code: 'MF1304',
    says: 'No JIT config came into the mailbox before the boot deadline.',
    next: "See why the job's runner could not be registered.",
  },
  'mail-lost': {
    code: 'MF1305',
    says: 'The JIT config was taken, but the reply was lost.',
    next: 'Nothing to do: the attempt is replaced.',
  },
  'runner-download': {
    code: 'MF1306',
    says: 'The runner could not be fetched from the cache.',
    next: 'Check the S3 gateway endpoint and the runner cache.',
  },
  'runner-corrupt': {
    code: 'MF1307',
    says: 'The runner package does not have the expected sha256.',
    next: 'Refresh the runner cache.',
  },
  'boot-deadline': {
    code: 'MF1308',
    says: 'The instance was not ready before its boot deadline.',
    next: 'See where the boot report ends.',
  },
  'lifetime-over': {
    code: 'MF1309',
    says: 'The instance reached its hard lifetime.',
    next: "Raise the pool's longest job duration.",
  },
  'listener-failed': {
    code: 'MF1310',
    says: 'The runner ended without having run a job.',
    next: 'See the markers in the boot log.',
  },
  'version-deprecated': {
    code: 'MF1311',
    says: 'GitHub refuses the version of the runner.',
    next: 'Refresh the runner cache.',
  },
  'second-boot': {
    code: 'MF1312',
    says: 'The job rebooted the instance or shut it down: it powers off, as its JIT config is spent.',
    next: 'Do not reboot in a job.',
  },
  'setup-failed': {
    code: 'MF1314',
    says: 'A setup command of the pool, or the installation of packages (command 0), failed or did not end in time.',
    next: 'See the output in the boot report: it has the last lines.',
  },
  'no-job': {
    code: 'MF1315',
    says: 'The runner ended without a job, as its registration was deleted: at the end of its idle time, or by hand.',
    next: 'Nothing to do.',
  },
  'idle-over': {
    code: 'MF1316',
    says: 'No job came, and nobody ended the instance when it said so: it powered off by itself.',
    next: 'See why the reconciler did not delete its runner.',
  },
  'job-refused': {
    code: 'MF1317',
    says: 'The pool does not run such jobs (repository, public repository or fork): the job fails before its first step.',
    next: "Send the job to another pool, or change the pool's allowed repositories, public repositories or forks.",
  },
  'canary-failed': {
    code: 'MF1318',
    says: 'An instance that was started to prove the account could not do something that it should, or could do more.',
    next: 'See the output in its boot report: it names the check and the answer.',
  },
} as const satisfies Record<string, CodeText>;

const DISPATCH = {
  'message-malformed': {
    code: 'MF1501',
    says: 'A message in the launch queue is not one of ours.',
    next: 'It goes to the dead-letter queue after its retries. Look at it there.',
  },
  'message-unknown-pool': {
    code: 'MF1502',
    says: 'A message names a pool that this deployment does not have.',
    next: 'It was renamed or removed: the message goes to the dead-letter queue.',
  },
  'table-conflict': {
    code: 'MF1503',
    says: 'Others kept changing the same records.',
    next: 'Nothing to do: the message is repeated.',
  },
  'internal-error': {
    code: 'MF1505',
    says: 'A bug in dispatch.',
    next: 'Report it with the log line `bug`. The message goes to the dead-letter queue after its retries.',
  },
  'table-unavailable': {
    code: 'MF1504',
    says: 'The table did not answer or throttled.',
    next: 'Nothing to do: the message is repeated.',
  },
  'settings-unreadable': {
    code: 'MF1507',
    says: 'A pool parameter or the secret of the App could not be read.',
    next: "Nothing to do when AWS throttled it or did not answer. Otherwise check the function's role.",
  },
  'instances-left': {
    code: 'MF1506',
    says: 'Instances of the deployment were still there after 10 minutes.',
    next: 'Terminate the instances named, then delete the stack again.',
  },
} as const satisfies Record<string, CodeText>;

const RECONCILE = {
  'instance-orphaned': {
    code: 'MF1601',
    says: 'An instance of the deployment ran for no attempt: it was terminated.',
    next: 'Nothing to do. If it repeats, look for lost answers of EC2 in the log of the dispatch function.',
  },
  'lifetime-ended': {
    code: 'MF1602',
    says: 'An instance lived beyond its hard lifetime: it was terminated, whatever ran on it.',
    next: "Raise the pool's longest job duration, or look at why the job hangs.",
  },
  'runner-gone': {
    code: 'MF1603',
    says: 'GitHub does not know the runner of an instance any more: the instance was terminated.',
    next: 'Nothing to do: a job that waited for it gets another.',
  },
  'foreign-runner': {
    code: 'MF1604',
    says: 'A runner that is not of this deployment is online and could take its jobs.',
    next: 'Give it other labels or another runner group, or allow its name.',
  },
  'delivery-given-up': {
    code: 'MF1605',
    says: 'GitHub could not deliver a webhook, also when it was repeated.',
    next: 'See the delivery in the settings of the GitHub App. A job that it told of is found by the sweep.',
  },
  'delivery-refused': {
    code: 'MF1606',
    says: 'We refuse webhooks of the App as wrongly signed or malformed: they are not repeated.',
    next: 'Compare the webhook secret of the App with the one in the secret store.',
  },
} as const satisfies Record<string, CodeText>;

const COMMAND_LINE = {
  'unknown-command': { code: 'MF2001', says: 'There is no such command.', next: 'See `mayfly --help`.' },
  'bad-option': { code: 'MF2002', says: 'An option is unknown or has a wrong value.', next: 'See `mayfly --help`.' },
  'file-unreadable': { code: 'MF2003', says: 'The file can not be read.', next: 'Check the path.' },
  'workflow-invalid': {
    code: 'MF2004',
    says: 'The workflow file has an error.',
    next: 'Correct it at the line and column given.',
  },
  'workflow-unsupported': {
    code: 'MF2005',
    says: 'The workflow uses a feature that the rehearsal does not have.',
    next: 'Leave it out for the rehearsal: it works with real runners.',
  },
  'labels-unserved': {
    code: 'MF2006',
    says: 'No pool serves the labels of a job.',
    next: 'Correct `runs-on`, or give a pool that label with --pools.',
  },
  'port-in-use': { code: 'MF2007', says: 'The port is in use.', next: 'Choose another --port, or leave it out.' },
  'no-bash': { code: 'MF2008', says: 'bash was not found.', next: 'Install bash: the boot script and jobs need it.' },
  'tool-missing': {
    code: 'MF2009',
    says: 'A program that the boot script needs was not found.',
    next: 'Install curl (8.0 or later) and tar.',
  },
  'pools-invalid': { code: 'MF2010', says: 'The pools file has an error.', next: 'See examples/pools.yml.' },
  'rehearsal-timeout': {
    code: 'MF2011',
    says: 'The jobs did not end in time.',
    next: 'See the last lines of the timeline: they say what each job waits for.',
  },
  'host-unavailable': {
    code: 'MF2012',
    says: 'Instances can not boot as systemd machines here.',
    next: 'Leave out --host nspawn to run instances as processes, or provide what is missing.',
  },
} as const satisfies Record<string, CodeText>;

export const CODES = {
  ...WEBHOOK,
  ...IGNORED,
  ...WAITING,
  ...BOOT,
  ...DISPATCH,
  ...RECONCILE,
  ...COMMAND_LINE,
} as const;

export type { IgnoreReason, WebhookFault } from './webhook/webhook-codes.ts';
export type WaitReason = keyof typeof WAITING;
export type BootReason = keyof typeof BOOT;
/** What an instance reports is only believed when it is one of ours. */
export const isBootReason = (code: string): code is BootReason => Object.hasOwn(BOOT, code);

export type DispatchFault = keyof typeof DISPATCH;
export type ReconcileFault = keyof typeof RECONCILE;
export type ReasonCode = keyof typeof CODES;

/** An error that a user meets on the command line: a code, what happened, the value got. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly reason: ReasonCode;

  constructor(reason: ReasonCode, detail: string) {
    super(`${CODES[reason].code} ${CODES[reason].says} ${detail}`.trim());
    this.reason = reason;
  }
}
