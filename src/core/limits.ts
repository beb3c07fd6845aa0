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
  /**
   * Guard against a runaway: instances that a pool launches in an hour for each runner that it may have, as if all jobs
   * took a minute. Beyond, jobs wait for the next hour.
   */
  launchesPerRunnerAndHour: 60,
  launchCountTtlMs: 2 * HOUR,
  /** Attempts launched by one pass, so that they fit the 100 writes of a transaction. The rest: next wake. */
  launchesPerPass: 15,
  /** A launch without an answer for this long is sent again, unchanged. Longer than any fleet request takes. */
  unansweredLaunchMs: 30 * SECOND,
  /** Each time that EC2 throttles it, it waits twice as long, up to this. */
  mostUnansweredMs: 4 * MINUTE,
  /** A launch that nobody answered for this long is over: what it may have launched is found by its tag, and ended. */
  launchGiveUpMs: 15 * MINUTE,
  /** How long it is remembered that an instance is gone: an answer to its launch that comes later is that late. */
  goneInstanceTtlMs: 1 * HOUR,
  /** A JIT config may still be made for an attempt that is this young. Longer than a function runs. */
  registrationMs: 2 * MINUTE,
  /** JIT configs made at the same time: GitHub allows 100 concurrent requests, shared by all functions. */
  concurrentJitConfigs: 20,
  /** Attempts of a job that may end without having run any job, before retries become slow. */
  attemptsWithoutJob: 3,
  /** How long an unread JIT config lies in the mailbox. GitHub forgets an unconnected runner after 1 day. */
  mailTtlMs: 2 * HOUR,

  /** GitHub: 900 points per installation and minute, JIT and DELETE cost 5, GET 1. We stop short of it. Beyond: paced. */
  pointsPerMinute: 700,
  writePoints: 5,
  readPoints: 1,
  /** A job and, while it is queued, its run. */
  askPoints: 2,
  /** Before an attempt is replaced, so many other jobs that wait for theirs are asked about. */
  asksBeforeRetry: 10,
  /** A job that is told of so long after its creation may have run by now: GitHub is asked before anything is launched. */
  lateNewsMs: 1 * MINUTE,
  /** Younger ones GitHub may not know yet, although it told of them. */
  youngJobMs: 5 * MINUTE,
  /** How often we ask whether a job is still held (approval, concurrency), in case we were not told. */
  heldCheckMs: 10 * MINUTE,
  /** Where GitHub throttled without saying for how long: its window. */
  unsaidRetryMs: 1 * MINUTE,
  /**
   * The reconciler runs once a minute. Its lease is longer than its function may run (50 s), and over by the next run, so
   * that one that dies costs no other.
   */
  reconcileMs: 1 * MINUTE,
  leaseMs: 55 * SECOND,
  /** From its start: then it begins nothing new. What is under way ends within 10 s, and the function at 50 s. */
  reconcileWorkMs: 35 * SECOND,
  /** With nothing open it looks at EC2 and GitHub this often all the same; after two such looks in vain, not in between. */
  deepPassMs: 10 * MINUTE,
  quietPasses: 2,
  /** GitHub's list of runners: a page costs a call, and 5,000 an hour are all there are. */
  listMsPerPage: 6 * SECOND,
  /** Things that one run does. The rest: the next run, a minute later. */
  actionsPerPass: 200,
  actionsAtOnce: 20,

  /** An instance that EC2 does not list may be too young for the list. Later, two looks a minute apart must agree. */
  youngInstanceMs: 5 * MINUTE,
  /** Two answers that differ by less may be the same stale one. */
  secondLookMs: 1 * MINUTE,
  /** An instance powers off by itself at its boot deadline and its lifetime: how much later we do it. */
  bootGraceMs: 30 * SECOND,
  lifetimeGraceMs: 5 * MINUTE,
  /** How long an instance may be there after its job. Logs and poweroff take seconds. */
  finishGraceMs: 3 * MINUTE,
  /** How long an idle runner may be offline: GitHub's own outages end sooner, most of them. */
  offlineMs: 5 * MINUTE,
  /** An instance with our tag that no attempt has: how long a launch may take to be recorded. */
  unboundMs: 2 * MINUTE,
  /** A runner idles, a job waits: GitHub assigns within seconds, and once more after 60 s. */
  unmatchedMs: 3 * MINUTE,
  /** A runner without an instance that has a job: GitHub fails the job after 10 minutes, and only then lets it go. */
  busyRetryMs: 5 * MINUTE,
  /** A running job whose runner is not there: how often GitHub is asked what became of it. */
  runningCheckMs: 3 * MINUTE,
  /** Asked about in one run. */
  asksPerPass: 20,
  /** A job that waits for approval is forgotten after this long: GitHub keeps it no longer. */
  heldJobMs: 30 * DAY,
  /** GitHub ends a job after 5 days, whatever runs. */
  runningJobMs: 6 * DAY,
  /** GitHub forgets a runner that never connects after 1 day: its record needs no deletion any more. */
  runnerForgottenMs: 25 * HOUR,

  /**
   * A failed webhook delivery is repeated this often: at once, then after 1 and 5 minutes. While none comes through, after
   * 10 and 30 minutes instead, so that an outage of ours does not use them up.
   */
  redeliveries: 3,
  redeliveryBackoffMs: 1 * MINUTE,
  redeliveryDownMs: 10 * MINUTE,
  redeliveryLongDownMs: 30 * MINUTE,
  redeliveriesPerPass: 20,
  /** Pages of 100 deliveries read in one run; a longer list is gone through in several. */
  deliveryPages: 5,
  /** A delivery without an answer is listed 10 s after it was made, below those that were answered meanwhile. */
  deliverySettleMs: 1 * MINUTE,
  /** Failed deliveries that are remembered at once. */
  pendingDeliveries: 300,
  /** How often a repository with recent jobs is searched for jobs that no webhook told of. */
  sweepMs: 5 * MINUTE,
  /**
   * Where runners take more pages than this, a run either lists them or searches, as 12 GitHub calls a run are enough: it
   * searches this often.
   */
  shortListPages: 2,
  longListSearchMs: 3 * MINUTE,
  /** A repository with a job is noted this often; it is recent for this long, and so many are searched. */
  recentNoteMs: 1 * HOUR,
  recentRepositoryMs: 1 * DAY,
  recentRepositories: 50,

  /** How long the row of a minute's points is kept. */
  pointsTtlMs: 10 * MINUTE,

  /**
   * An instance is replaced this long after its end at the earliest: the news that its job has run may come after the
   * news that it is gone, and then there is nothing to replace.
   */
  replaceMs: 10 * SECOND,
  /** When a job had to wait (pool full, paced), the pool is planned anew after this long. */
  wakeMs: 10 * SECOND,
  /** A type in a zone that had no capacity is left out for this long. A pool with nothing left waits so long. */
  capacityMemoryMs: 2 * MINUTE,
  /** After EC2 refused a launch as wrong, nothing is launched in the pool for this long; twice as long each time again. */
  refusedRetryMs: 5 * MINUTE,
  /** Nothing is launched while no runner package is in the cache; it is filled within a minute, when GitHub answers. */
  emptyCacheRetryMs: 30 * SECOND,
  /** After so many boots in a row that came to nothing, a pool launches one instance at a time. */
  failedBootsInARow: 10,
  /** How often it does then, until a runner has a job. */
  probeMs: 5 * MINUTE,
  /** The same where only a person can help: configuration. SQS delays by 15 minutes at most. */
  slowRetryMs: 15 * MINUTE,
  /** A registration or an end that comes to nothing is tried again after `wakeMs`, twice as long each time, up to this. */
  mostBackoffMs: 1 * MINUTE,
  /** A wake that is this late was never sent, or got lost: the next event of the pool sends another. */
  wakeGraceMs: 30 * SECOND,
  /** The same when only the size of a pass stopped us. */
  nextPassMs: 1 * SECOND,
  /** SQS's limit of a message's delay. */
  queueDelayMs: 15 * MINUTE,
} as const;

/**
 * Within this time after the last fault every job that may run runs, and what no job needs is gone. The slowest ways:
 *
 *   a webhook that failed twice, and is repeated a last time; then
 *   a lease whose holder died, then the slow retry of a job or pool (or a launch that is given up), then a new boot that
 *   fails unseen until its deadline; or an instance seen only by a deep pass, ended in two looks
 *
 * and a backlog is registered at GitHub's pace.
 */
export function healMs(pool: { bootDeadlineMs: number; idleTimeoutMs: number }, backlog: number): number {
  const retries = limits.leaseMs + Math.max(limits.slowRetryMs, limits.launchGiveUpMs) + limits.probeMs;
  const boots = 2 * (pool.bootDeadlineMs + limits.bootGraceMs);
  const looks = limits.deepPassMs + limits.offlineMs + 2 * limits.secondLookMs + 4 * limits.reconcileMs;
  const pace = Math.ceil((backlog * limits.writePoints) / limits.pointsPerMinute) * MINUTE;
  return limits.redeliveryLongDownMs + retries + boots + looks + pool.idleTimeoutMs + pace;
}

export class LimitsContradiction extends Error {
  override readonly name = 'LimitsContradiction';
}

function mustHold(holds: boolean, what: string): void {
  if (!holds) throw new LimitsContradiction(`limits: ${what}`);
}

mustHold(limits.closedJobTtlMs > 3 * DAY, 'a finished job must be remembered while GitHub can redeliver its events');
mustHold(limits.slowRetryMs <= limits.queueDelayMs, 'the queue can not delay a wake as long as the slow retry');
// Per job: it and its two markers, attempt and marker, its repository. Per pass: launch, marker, two counters, points, wake, health.
mustHold(6 * limits.launchesPerPass + 7 <= 100, 'a pass must fit the 100 writes of a transaction');
// Per event: a swap writes two jobs (one may change its shelf), two attempts and their markers, and may launch anew. A
// batch over many pools writes more, and is then handled event by event.
mustHold(9 * limits.dispatchBatch + 5 <= 100, 'a batch of events must fit the 100 writes of a transaction');
mustHold(limits.mailTtlMs < DAY, 'a JIT config must not outlive its runner record at GitHub');
mustHold(limits.reconcileWorkMs < limits.leaseMs, 'the lease must outlast the work');
mustHold(limits.leaseMs < limits.reconcileMs, 'a run that died must not keep the next one out');
mustHold(limits.secondLookMs <= limits.reconcileMs, 'two looks are two runs');
mustHold(limits.runnerForgottenMs > DAY, 'GitHub forgets a runner after a day');
mustHold(limits.registrationMs <= limits.youngInstanceMs, 'a young instance may still be registered');
mustHold(limits.pointsPerMinute < 900, "GitHub's own limit is 900 points per minute");
