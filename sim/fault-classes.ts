/**
 * Every way in which the world may fail. `chance`: how often, each time that it could; `excuses`: how many instances
 * more than jobs one strike may cost, and why. Most faults excuse none: they must be survived without a launch.
 */
export interface FaultClass {
  readonly what: string;
  readonly chance: number;
  readonly excuses?: number;
}

const fault = (chance: number, what: string, excuses?: number): FaultClass => ({ what, chance, excuses });

const WEBHOOK = {
  'webhook-lost': fault(0.04, 'GitHub gets no answer: the event never came to us'),
  'webhook-vanished': fault(0.01, 'the event was never sent, and GitHub does not know that'),
  'webhook-unheard': fault(0.03, 'we handled the event, but GitHub did not get our answer in time'),
  'webhook-duplicate': fault(0.05, 'the event comes twice at about the same time'),
  'webhook-late': fault(0.05, 'the event comes minutes later'),
  'webhook-forged': fault(0.03, 'somebody sends an event with a wrong signature beside the real one'),
  'webhook-stranger': fault(0.02, 'the event of another organisation where the App is installed, well signed'),
} as const;

const QUEUE = {
  'queue-unavailable': fault(0.02, 'a message is not accepted'),
  'queue-lost-reply': fault(0.02, 'a message is accepted, but the sender hears that it is not'),
  'queue-duplicate': fault(0.03, 'a message is delivered twice'),
  'queue-late': fault(0.03, 'a message is delivered minutes later'),
  'queue-delete-lost': fault(0.03, 'a handled message is not deleted, and comes again'),
  'queue-expired': fault(0.02, 'a batch becomes visible again while it is being handled'),
} as const;

const FUNCTION = {
  'webhook-crash': fault(0.01, 'the webhook function dies before or after it sent the message'),
  'dispatch-crash-before': fault(0.015, 'dispatch dies before an effect'),
  'dispatch-crash-after': fault(0.015, 'dispatch dies after an effect'),
  'reconcile-crash-before': fault(0.015, 'the reconciler dies before an effect'),
  'reconcile-crash-after': fault(0.015, 'the reconciler dies after an effect'),
  'reconcile-missed': fault(0.05, 'a run of the reconciler is never started'),
  'reconcile-overlap': fault(0.1, 'two runs of the reconciler at once'),
  'clock-skew': fault(0.05, "a function's clock is seconds off"),
  deployment: fault(0.02, 'a deployment in mid-flight: all functions die, the limits of pools change'),
} as const;

const TABLE = {
  'table-unavailable': fault(0.01, 'a read or write does not get through'),
  'table-lost-reply': fault(0.01, 'a write is stored, but the writer hears that it is not'),
  'table-throttled': fault(0.005, 'a write is throttled'),
  'table-race': fault(0.01, 'a transaction loses a race without any condition failing'),
} as const;

const MAILBOX = {
  'mailbox-unavailable': fault(0.02, 'a call to the mailbox does not get through'),
  'mailbox-lost-reply': fault(0.02, 'a letter is put into the mailbox, but the giver hears that it is not'),
  'mail-lost': fault(0.02, 'the instance took its letter, but the reply was lost: it powers off', 1),
} as const;

const FLEET = {
  'launch-throttled': fault(0.05, 'EC2 throttles a launch'),
  'launch-misconfigured': fault(0.01, 'EC2 refuses a launch for a permission that is given back a minute later'),
  'launch-lost': fault(0.02, 'a launch never comes to EC2, and has no answer'),
  'launch-lost-reply': fault(0.03, 'a launch is done, but its answer is lost'),
  'launch-partial': fault(0.05, 'EC2 has capacity for a part of a launch'),
  'capacity-hole': fault(0.03, 'EC2 has no capacity of a type in a zone for minutes'),
  'terminate-unavailable': fault(0.03, 'a request to terminate does not get through'),
  'terminate-throttled': fault(0.03, 'a request to terminate is throttled'),
  'terminate-lost-reply': fault(0.03, 'an instance is terminated, but we hear that it is not'),
  'instances-unlisted': fault(0.05, 'a new instance is missing from the list of instances for up to 90 s'),
  'instances-stale': fault(0.1, 'the list of instances shows what was there minutes ago'),
  'instances-throttled': fault(0.03, 'the list of instances is throttled'),
  'ec2-event-lost': fault(0.05, 'nobody says that an instance ended'),
  'ec2-event-duplicate': fault(0.05, 'it is said twice that an instance ended'),
  'ec2-event-late': fault(0.05, 'it is said minutes later that an instance ended'),
} as const;

const GITHUB = {
  'github-unavailable': fault(0.02, 'a call to GitHub fails with 503'),
  'github-lost-reply': fault(0.02, 'GitHub does what it was asked, but its answer is lost'),
  'github-slow': fault(0.02, 'GitHub takes ten seconds to answer'),
  'github-secondary-limit': fault(0.01, 'GitHub throttles without saying for how long'),
  'github-retry-after': fault(0.01, 'GitHub throttles, and says for how long'),
  'github-auth': fault(0.005, 'GitHub refuses our token'),
  'github-outage': fault(0.01, 'GitHub is away for minutes; then all events come at once'),
  'runners-unlisted': fault(0.05, 'a new runner is missing from the list of runners for up to 90 s'),
  'runners-hole': fault(0.05, 'runners come and go while the list is paged: some are missing in it'),
  'runners-stale': fault(0.1, 'the list of runners shows what was there minutes ago'),
  'job-stale': fault(0.05, 'a job reads as it was up to a minute ago', 1),
  'jobs-stale': fault(0.05, 'a list of jobs shows what was there up to a minute ago', 1),
} as const;

const INSTANCE = {
  'dies-at-launch': fault(0.02, 'an instance dies at once: Client.InternalError', 1),
  'boot-failed': fault(0.02, 'the boot script fails: the instance powers off', 1),
  'boot-hung': fault(0.02, 'user data never runs: the instance does nothing for ever', 1),
  'guards-disarmed': fault(0.02, 'the watchdogs on the instance do nothing: a root job ended them'),
  'boot-slow': fault(0.04, 'a boot that ends around its deadline', 1),
  'runner-crashed-idle': fault(0.02, 'the runner dies before it has a job: the instance powers off', 1),
  'runner-crashed-busy': fault(0.02, 'the runner dies with its job: the instance powers off'),
  'runner-hung': fault(0.02, 'the runner is connected, but takes no job', 1),
  'runner-ghost': fault(0.02, "the runner's record is gone, and its process waits for ever (actions/runner#4617)", 1),
  'runner-never-ends': fault(0.02, 'the instance does not power off after its job'),
  'spot-reclaimed': fault(0.03, 'EC2 takes the instance back, after a warning', 1),
  'spot-killed': fault(0.01, 'EC2 takes the instance back without a warning that came', 1),
  'terminated-by-hand': fault(0.02, 'somebody terminates the instance', 1),
  'stopped-by-hand': fault(0.01, 'somebody stops the instance instead', 1),
} as const;

const PEOPLE = {
  'job-cancelled': fault(0.1, 'somebody cancels the run at any moment'),
  'runner-deleted': fault(0.01, "somebody deletes the runner's record at GitHub", 1),
  'runner-stolen': fault(0.05, 'a job that is not ours takes our runner', 1),
  'job-stolen': fault(0.03, 'a foreign runner takes our job'),
} as const;

export const FAULT_CLASSES = {
  ...WEBHOOK,
  ...QUEUE,
  ...FUNCTION,
  ...TABLE,
  ...MAILBOX,
  ...FLEET,
  ...GITHUB,
  ...INSTANCE,
  ...PEOPLE,
} as const satisfies Record<string, FaultClass>;

export type FaultName = keyof typeof FAULT_CLASSES;
export const FAULT_NAMES = Object.keys(FAULT_CLASSES) as readonly FaultName[];
