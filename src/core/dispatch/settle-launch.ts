/** Turns the fleet's answer to a launch into records: instances bound to attempts, shortfall back to waiting. Pure. */
import { nextAttemptState } from '../attempt-machine.ts';
import { noteExhausted } from '../capacity-memory.ts';
import type { WaitReason } from '../codes.ts';
import { nextJobState } from '../job-machine.ts';
import { isClosedLaunch, type LaunchEvent, nextLaunchState } from '../launch-machine.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import { overridesOf } from '../overrides.ts';
import { noteAnswered, noteRefused } from '../pool-health.ts';
import type { LaunchOutcome } from '../ports.ts';
import { minuteOf } from '../records.ts';
import type { Attempt, Job, Launch, Override, Pool } from '../types.ts';
import { endOf } from './fold-instance-event.ts';
import { type Planned, planPool, soonest } from './plan-pool.ts';
import { noteBooting } from './waiting-job.ts';

export interface Settled extends Planned {
  /** These have an instance now and need a JIT config. */
  readonly launched: readonly Attempt[];
}

/** What an answer without instances means: for the launch, for its jobs, and how soon to try again. */
const REFUSALS: Record<
  Exclude<LaunchOutcome['kind'], 'ok'>,
  { readonly event: LaunchEvent; readonly reason: WaitReason; readonly wakeMs: number }
> = {
  'no-capacity': { event: 'refused', reason: 'no-capacity', wakeMs: limits.capacityMemoryMs },
  misconfigured: { event: 'refused', reason: 'ec2-misconfigured', wakeMs: limits.slowRetryMs },
  over: { event: 'refused', reason: 'launch-over', wakeMs: limits.wakeMs },
  throttled: { event: 'unanswered', reason: 'ec2-throttled', wakeMs: limits.unansweredLaunchMs },
  unknown: { event: 'unanswered', reason: 'ec2-unanswered', wakeMs: limits.unansweredLaunchMs },
};

export function settleLaunch(
  ledger: Ledger,
  launchId: string,
  outcome: LaunchOutcome,
  pool: Pool,
  deploymentId: string,
): Settled {
  const launch = ledger.launch(launchId) as Launch;
  if (isClosedLaunch(launch.state)) return NOTHING;
  const attempts = launch.attemptIds.map((id) => ledger.attempt(id) as Attempt);
  noteExhausted(ledger, launch.market, exhaustedBy(outcome, launch));
  if (outcome.kind !== 'ok') return settleRefusal(ledger, launch, attempts, outcome.kind, pool, deploymentId);

  ledger.setLaunch({ ...launch, state: nextLaunchState(launch.state, 'answered') });
  noteAnswered(ledger, pool.name);
  const count = outcome.instanceIds.length;
  const bound = attempts
    .slice(0, count)
    .map((attempt, position) => bind(ledger, attempt, outcome.instanceIds[position] as string));
  const launched = bound.filter((attempt) => !ledger.isKnownGone(attempt.instanceId as string));
  const jobs = failAttempts(ledger, attempts.slice(count), 'no-capacity', ledger.now + limits.capacityMemoryMs);
  const retried = retry(ledger, launch, jobs, 'no-capacity', pool, deploymentId);
  const replaced = replaceDead(
    ledger,
    bound.filter((attempt) => !launched.includes(attempt)),
    pool,
    deploymentId,
  );
  return {
    launched,
    launches: [...retried.launches, ...replaced.launches],
    wakeMs: soonest([retried.wakeMs, replaced.wakeMs]),
  };
}

function settleRefusal(
  ledger: Ledger,
  launch: Launch,
  attempts: readonly Attempt[],
  kind: keyof typeof REFUSALS,
  pool: Pool,
  deploymentId: string,
): Settled {
  const { event, reason, wakeMs } = REFUSALS[kind];
  const throttles = (launch.throttles ?? 0) + (kind === 'throttled' ? 1 : 0);
  ledger.setLaunch({ ...launch, state: nextLaunchState(launch.state, event), reason, sentAt: ledger.now, throttles });
  if (event === 'refused') {
    const retryAt = kind === 'misconfigured' ? noteRefused(ledger, pool.name) : ledger.now + wakeMs;
    const jobs = failAttempts(ledger, attempts, kind, retryAt);
    refund(ledger, launch, attempts.length);
    return { launched: [], ...retry(ledger, launch, jobs, kind, pool, deploymentId) };
  }
  for (const job of jobsOf(ledger, attempts)) ledger.setJob({ ...job, reason });
  return { ...NOTHING, wakeMs };
}

/** Without any choice named, it is the account that has no room: none of them is worth asking for. */
function exhaustedBy(outcome: LaunchOutcome, { fleet }: Launch): readonly Override[] {
  if (outcome.kind === 'ok') return outcome.exhausted ?? [];
  if (outcome.kind !== 'no-capacity') return [];
  return outcome.exhausted && outcome.exhausted.length > 0 ? outcome.exhausted : overridesOf(fleet);
}

/** GitHub points that were reserved for instances that there are not, while their minute lasts. */
function refund(ledger: Ledger, { installationId, storedAt }: Launch, count: number): void {
  if (minuteOf(storedAt) === minuteOf(ledger.now)) ledger.spend(installationId, -count * limits.writePoints);
}

function bind(ledger: Ledger, attempt: Attempt, instanceId: string): Attempt {
  const state = nextAttemptState(attempt.state, 'instance-launched');
  const launched: Attempt = { ...attempt, state, instanceId, launchedAt: ledger.now };
  ledger.setAttempt(launched);
  ledger.bindInstance(instanceId, attempt.id);
  noteBooting(ledger, launched);
  return launched;
}

/** Instances that ended before they could be bound: their jobs get others. */
function replaceDead(ledger: Ledger, dead: readonly Attempt[], pool: Pool, deploymentId: string): Planned {
  for (const attempt of dead) endOf(ledger, attempt);
  const jobs = dead.flatMap(({ jobId }) => (jobId === undefined ? [] : (ledger.job(jobId) ?? [])));
  return planPool(
    ledger,
    pool,
    jobs.filter(({ state }) => state === 'WANTED'),
    deploymentId,
  );
}

/** The attempts come to nothing; the jobs that counted on them wait again, for a while. */
function failAttempts(
  ledger: Ledger,
  attempts: readonly Attempt[],
  refusal: keyof typeof REFUSALS,
  retryAt: number,
): Job[] {
  const { reason } = REFUSALS[refusal];
  const jobs = jobsOf(ledger, attempts).map((job) => ({
    ...job,
    state: nextJobState(job.state, 'attempt-lost'),
    attemptId: undefined,
    reason,
    retryAt,
  }));
  for (const attempt of attempts) {
    const state = nextAttemptState(attempt.state, 'launch-failed');
    if (state === attempt.state) continue;
    ledger.setAttempt({ ...attempt, state, reason });
    // A launch that can't be repeated may have launched all the same: the reconciler counts what is there.
    if (refusal !== 'over') ledger.reserve(attempt.pool, -1);
  }
  for (const job of jobs) ledger.setJob(job);
  return jobs;
}

function jobsOf(ledger: Ledger, attempts: readonly Attempt[]): Job[] {
  return attempts
    .map((attempt) => (attempt.jobId === undefined ? undefined : ledger.job(attempt.jobId)))
    .filter((job) => job?.state === 'LAUNCHING') as Job[];
}

/** Spot that found no capacity is asked for on demand at once, as a launch of its own. All else waits for its time. */
function retry(
  ledger: Ledger,
  launch: Launch,
  jobs: readonly Job[],
  refusal: keyof typeof REFUSALS,
  pool: Pool,
  deploymentId: string,
): Planned {
  const fallsBack = refusal === 'no-capacity' && launch.market === 'spot' && pool.onDemandFallback;
  if (!fallsBack) return planPool(ledger, pool, jobs, deploymentId);
  const now = jobs.map((job) => ({ ...job, retryAt: undefined }));
  for (const job of now) ledger.setJob(job);
  return planPool(ledger, pool, now, deploymentId, ['on-demand']);
}

const NOTHING: Settled = { launched: [], launches: [] };
