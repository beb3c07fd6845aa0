/**
 * Rehearses a workflow: reads it, opens the world, starts its runs, waits until every job is over and nothing is left,
 * and reports. Everything is closed on the way out, whatever happened.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../core/codes.ts';
import { routeJob } from '../core/route-job.ts';
import type { Pool } from '../core/types.ts';
import { FAULT_JOBS, type FaultStory, Faults } from './faults/faults.ts';
import type { RunRecord } from './github/model/types.ts';
import type { HostChoice } from './hosts/choose-host.ts';
import { showTrouble } from './show-trouble.ts';
import { type JobStory, type Step, Timeline } from './timeline.ts';
import { startRun } from './workflow/start-run.ts';
import type { RunContext, RunJob } from './workflow/types.ts';
import type { Workflow } from './workflow/workflow.ts';
import { type Leftovers, openWorld, REPOSITORY, type World, type WorldEvent } from './world.ts';

export interface RehearseOptions {
  readonly workflow: Workflow;
  /** How many runs of it, all at once. */
  readonly runs: number;
  readonly pools: readonly Pool[];
  readonly host: HostChoice;
  /** Of the webhook; 0: any free one. */
  readonly port: number;
  /** Stay up after the last job, until the signal. */
  readonly keepOpen: boolean;
  /** Inject faults, on purpose, and watch them heal. */
  readonly faults: boolean;
}

/** Whoever shows it. All methods are called in the order of what happens. */
export interface Audience {
  opened(world: World, faults: Faults | undefined): void;
  step(step: Step): void;
  /** Something went wrong that the timeline does not show: a boot that failed, a message that failed. */
  note(text: string): void;
  /** A fault struck, or healed. */
  fault(story: FaultStory): void;
  /** Output of a job that is over. */
  jobLog(job: JobStory, text: string): void;
}

export interface Report {
  readonly jobs: readonly JobStory[];
  readonly leftovers: Leftovers;
  readonly host: HostChoice['kind'];
  /** Absent: none were injected. */
  readonly faults?: readonly FaultStory[];
  /** When the world was open. */
  readonly openedAt: number;
  /** Instances that were launched. */
  readonly launched: number;
  /** Every run ended in success, as GitHub would call it, every fault struck and healed, and nothing is left. */
  readonly ok: boolean;
  readonly interrupted: boolean;
}

const POLL_MS = 100;
/** Nothing at all happened for so long: something hangs. Longer than any job of a rehearsal is silent. */
const STILLNESS_MS = 15 * 60_000;
/** After the last job: its instance powers off, idle runners are ended, the last wake message comes. */
const SETTLE_MS = 90_000;

/** @throws CodedError `bad-option`, `labels-unserved`, `port-in-use`, `no-bash`, `tool-missing`, `rehearsal-timeout`. */
export async function rehearse(options: RehearseOptions, audience: Audience, signal: AbortSignal): Promise<Report> {
  checkJobs(options);
  let lastEventAt = Date.now();
  let world: World | undefined;
  let unserved: Pick<RunJob, 'name' | 'labels'> | undefined;
  const timeline = new Timeline(options.runs > 1, (step) => audience.step(step));
  const onEvent = (event: WorldEvent) => {
    lastEventAt = Date.now();
    timeline.apply(event);
    const trouble = showTrouble(event);
    if (trouble !== undefined) audience.note(trouble);
    unserved ??= unservedJob(event);
    const log = world && logOf(world, event, timeline);
    if (log) audience.jobLog(log.job, log.text);
  };
  const faults = options.faults ? new Faults((story) => audience.fault(story)) : undefined;
  world = await openWorld({ pools: options.pools, host: options.host, port: options.port, faults, onEvent });
  const openedAt = Date.now();
  try {
    audience.opened(world, faults);
    const runs = startRuns(world, options);
    await until(
      () => runs.every(({ run }) => run.conclusion !== undefined),
      signal,
      () => {
        if (unserved) checkJob(unserved, options.pools);
        if (Date.now() - lastEventAt > STILLNESS_MS) throw new CodedError('rehearsal-timeout', '');
      },
    );
    if (options.keepOpen) await until(() => false, signal);
    await settle(world, signal);
    if (signal.aborted) await world.close();
    const leftovers = world.leftovers();
    for (const { run } of runs) for (const job of run.jobs) showSetUpFault(job, audience);
    const succeeded = runs.every(({ run }) => run.conclusion === 'success' || run.conclusion === 'skipped');
    const isClean = Object.values(leftovers).every((count) => count === 0);
    const isHealed = faults?.stories.every(({ healed }) => healed !== undefined) ?? true;
    return {
      jobs: [...timeline.jobs.values()],
      leftovers,
      host: options.host.kind,
      ...(faults ? { faults: faults.stories } : {}),
      ...{ openedAt, launched: timeline.launched },
      ok: succeeded && isClean && isHealed && !signal.aborted,
      interrupted: signal.aborted,
    };
  } finally {
    await world.close();
  }
}

const runContext: RunContext = {
  runId: 0,
  runNumber: 0,
  repository: REPOSITORY,
  event: 'workflow_dispatch',
  sha: '',
  ref: '',
  serverUrl: '',
  apiUrl: '',
};

/**
 * Jobs that nobody would ever run are refused before anything starts, and so are too few for the faults. What depends on
 * other jobs is seen later.
 */
function checkJobs({ workflow, pools, runs, faults }: RehearseOptions): void {
  const run = startRun(workflow, runContext);
  run.start();
  // A job whose matrix or labels depend on others stands there without labels yet.
  const known = run.jobs.filter(({ status, labels }) => status !== 'completed' && labels.length > 0);
  for (const job of known) checkJob(job, pools);
  const [atOnce, inAll] = [known.length * runs, run.jobs.length * runs];
  if (faults && (atOnce < FAULT_JOBS.atOnce || inAll < FAULT_JOBS.inAll))
    throw new CodedError(
      'bad-option',
      `--faults needs ${FAULT_JOBS.atOnce} jobs at once and ${FAULT_JOBS.inAll} in all, not ${atOnce} and ${inAll}: see --jobs.`,
    );
}

function checkJob(job: Pick<RunJob, 'name' | 'labels'>, pools: readonly Pool[]): void {
  const [owner, name] = REPOSITORY.split('/') as [string, string];
  if (routeJob(job.labels, { owner, name, private: true }, pools).kind === 'pool') return;
  const offered = new Set(pools.flatMap(({ labels }) => labels.map((label) => label.toLowerCase())));
  const unknown = job.labels.filter((label) => !offered.has(label.toLowerCase()));
  const which = unknown.length > 0 ? `No pool has: ${unknown.join(', ')}.` : 'No single pool has all of them.';
  const served = pools.map((pool) => `${pool.name} [${pool.labels.join(', ')}]`).join('; ');
  throw new CodedError('labels-unserved', `Job "${job.name}" [${job.labels.join(', ')}]. ${which} Pools: ${served}.`);
}

function startRuns(world: World, { workflow, runs }: RehearseOptions): RunRecord[] {
  return Array.from({ length: runs }, () => world.github.addRun((context) => startRun(workflow, context), REPOSITORY));
}

/** Polls, because what it waits for is spread over the whole world. Ends at once when interrupted. */
async function until(isOver: () => boolean, signal: AbortSignal, check: () => void = () => {}): Promise<void> {
  while (!isOver() && !signal.aborted) {
    check();
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
}

async function settle(world: World, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  const isClean = () => Object.values(world.leftovers()).every((count) => count === 0);
  await until(() => isClean() || Date.now() > deadline, signal);
}

/** A job that was queued at GitHub, and that the webhook refused to route: it would wait for ever. */
function unservedJob(event: WorldEvent): Pick<RunJob, 'name' | 'labels'> | undefined {
  if (event.source !== 'github' || event.event.kind !== 'delivery-sent') return undefined;
  const { action, job, result } = event.event.delivery;
  const isIgnored = action === 'queued' && result?.statusCode === 200;
  return isIgnored ? { name: job.name, labels: job.labels } : undefined;
}

/** A job that could not even be set up (an expression failed) has no log to say why. */
function showSetUpFault(job: RunJob, audience: Audience): void {
  if (job.conclusion !== 'failure') return;
  for (const { name, note } of job.steps) if (note !== undefined) audience.note(`${job.name}: ${name}: ${note}`);
}

function logOf(world: World, event: WorldEvent, timeline: Timeline): { job: JobStory; text: string } | undefined {
  if (event.source !== 'github' || event.event.kind !== 'job-completed') return undefined;
  const id = event.event.job.id;
  const job = timeline.jobs.get(id);
  const record = world.github.findJob(Number(id));
  const steps = record?.run.run.jobs.find(({ key }) => key === record.key)?.steps ?? [];
  const notes = steps.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`]));
  return job && { job, text: [world.github.jobLog(Number(id)).trimEnd(), ...notes].filter(Boolean).join('\n') };
}
