/**
 * Every limit of the control plane, each with its reason and what happens beyond it. Checked against each other below,
 * when the module is loaded. Boot deadlines are a pool's own and stand in its definition.
 */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const limits = {
  /** A workflow_job event is 7 to 200 kB. More is answered 413 before anything is computed. */
  webhookBodyBytes: 1_000_000,
  /** A secret that fits no signature is read again after a rotation, at most this often. Between: 401. */
  secretRereadMs: 30 * SECOND,
  /** GitHub cancels a job that waited this long. Older ones are never launched for. */
  jobAgeMs: 24 * HOUR,
  /** How long the record of a finished job is kept, so that late events find it: GitHub redelivers for 3 days. */
  closedJobTtlMs: 4 * DAY,
  /** How long the record of a finished attempt or launch is kept, for questions. */
  closedAttemptTtlMs: 4 * DAY,

  /** SQS gives a function at most this many messages at once without a batching window. */
  dispatchBatch: 10,
  /** Times that a decision is made again after others changed the same records. Then the message is repeated. */
  conflictRetries: 4,
  /** Attempts launched by one pass, so that they fit the 100 writes of a transaction. The rest: next wake. */
  launchesPerPass: 18,
  /** A launch without an answer for this long is sent again, unchanged. Longer than any fleet request takes. */
  unansweredLaunchMs: 30 * SECOND,
  /** How long it is remembered that an instance is gone: an answer to its launch that comes later is that late. */
  goneInstanceTtlMs: 1 * HOUR,
  /** JIT configs made at the same time: GitHub allows 100 concurrent requests, shared by all functions. */
  concurrentJitConfigs: 20,
  /** Attempts of a job that may end without having run any job, before retries become slow. */
  attemptsWithoutJob: 3,
  /** How long an unread JIT config lies in the mailbox. GitHub forgets an unconnected runner after 1 day. */
  mailTtlMs: 1 * HOUR,

  /** GitHub: 900 points per installation and minute, JIT and DELETE cost 5, GET 1. We stop short of it. Beyond: paced. */
  pointsPerMinute: 700,
  writePoints: 5,
  readPoints: 1,
  /** Where GitHub throttled without saying for how long: its window. */
  unsaidRetryMs: 1 * MINUTE,
  /** How long the row of a minute's points is kept. */
  pointsTtlMs: 10 * MINUTE,

  /**
   * An instance is replaced this long after its end at the earliest: the news that its job has run may come after the
   * news that it is gone, and then there is nothing to replace.
   */
  replaceMs: 10 * SECOND,
  /** When a job had to wait (pool full, paced), the pool is planned anew after this long. */
  wakeMs: 10 * SECOND,
  /** The same after EC2 had no capacity. */
  capacityRetryMs: 1 * MINUTE,
  /** The same where only a person can help: configuration. SQS delays by 15 minutes at most. */
  slowRetryMs: 15 * MINUTE,
  /** A wake that is this late was never sent, or got lost: the next event of the pool sends another. */
  wakeGraceMs: 30 * SECOND,
  /** The same when only the size of a pass stopped us. */
  nextPassMs: 1 * SECOND,
  /** SQS's limit of a message's delay. */
  queueDelayMs: 15 * MINUTE,
} as const;

export class LimitsContradiction extends Error {
  override readonly name = 'LimitsContradiction';
}

function mustHold(holds: boolean, what: string): void {
  if (!holds) throw new LimitsContradiction(`limits: ${what}`);
}

mustHold(limits.closedJobTtlMs > 3 * DAY, 'a finished job must be remembered while GitHub can redeliver its events');
mustHold(limits.slowRetryMs <= limits.queueDelayMs, 'the queue can not delay a wake as long as the slow retry');
// Per granted job: job, its two markers, attempt, its marker. Per pass: launch and marker, pool counter, points, wake.
mustHold(5 * limits.launchesPerPass + 5 <= 100, 'a pass must fit the 100 writes of a transaction');
// Per event: a swap writes two jobs (one may change its shelf), two attempts and their markers, and may launch anew.
mustHold(9 * limits.dispatchBatch + 5 <= 100, 'a batch of events must fit the 100 writes of a transaction');
mustHold(limits.mailTtlMs < DAY, 'a JIT config must not outlive its runner record at GitHub');
mustHold(limits.pointsPerMinute < 900, "GitHub's own limit is 900 points per minute");
