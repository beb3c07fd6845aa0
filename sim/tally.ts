/** What a batch of worlds saw, added up: faults, branches of the product, waiting times, violations. */
import type { Job } from '../src/core/types.ts';
import type { FaultSource } from './faults.ts';
import type { HappeningAt } from './history.ts';
import type { WorldResult } from './run.ts';

/** Queue-to-start times are counted in steps of a tenth of their length: percentiles without keeping each. */
const STEP = 1.1;

/** Plain data: it is sent between threads. */
export interface Tally {
  worlds: number;
  events: number;
  jobs: number;
  launches: number;
  virtualMs: number;
  faultless: { worlds: number; jobs: number; launches: number };
  readonly faults: Record<string, number>;
  readonly branches: Record<string, number>;
  /** Step -> jobs that started within it. */
  readonly starts: Record<number, number>;
  readonly failed: FailedWorld[];
  failures: number;
}

export interface FailedWorld {
  readonly seed: number;
  readonly invariant: string;
  readonly what: string;
  readonly atMs: number;
}

const MOST_KEPT = 200;

export const newTally = (): Tally => ({
  worlds: 0,
  events: 0,
  jobs: 0,
  launches: 0,
  virtualMs: 0,
  faultless: { worlds: 0, jobs: 0, launches: 0 },
  faults: {},
  branches: {},
  starts: {},
  failed: [],
  failures: 0,
});

/** Watches one world. */
export function watchWorld(tally: Tally): (happening: HappeningAt) => void {
  const queuedAt = new Map<string, number>();
  const count = (branch: string) => {
    tally.branches[branch] = (tally.branches[branch] ?? 0) + 1;
  };
  return (happening) => {
    switch (happening.kind) {
      case 'fault':
        tally.faults[happening.fault] = (tally.faults[happening.fault] ?? 0) + 1;
        break;
      case 'log':
        count(`${happening.role} ${happening.entry.event}${outcomeOf(happening.entry)}`);
        break;
      case 'record': {
        const { before, after, record } = happening;
        if (before?.state !== after.state) count(`${record} ${before?.state ?? 'new'} -> ${after.state}`);
        const reason = (after as Partial<Job>).reason;
        if (reason !== undefined && record === 'job') count(`reason ${reason}`);
        break;
      }
      case 'github':
        noteStart(tally, queuedAt, happening);
        break;
    }
  };
}

const outcomeOf = (entry: { readonly [field: string]: unknown }) =>
  typeof entry.outcome === 'string' ? ` ${entry.outcome}` : '';

function noteStart(tally: Tally, queuedAt: Map<string, number>, { event }: HappeningAt & { kind: 'github' }): void {
  if (event.kind === 'job-queued') queuedAt.set(event.job.id, event.job.at);
  if (event.kind !== 'job-started') return;
  const waitedMs = event.job.at - (queuedAt.get(event.job.id) ?? event.job.at);
  const step = Math.ceil(Math.log(Math.max(1, waitedMs)) / Math.log(STEP));
  tally.starts[step] = (tally.starts[step] ?? 0) + 1;
}

export function addResult(tally: Tally, result: WorldResult, faults: FaultSource): void {
  const { view, violations, seed, events } = result;
  tally.worlds += 1;
  tally.events += events;
  tally.jobs += view.jobs;
  tally.launches += view.launches;
  tally.virtualMs += view.atMs;
  if (faults.kind === 'none') {
    tally.faultless.worlds += 1;
    tally.faultless.jobs += view.jobs;
    tally.faultless.launches += view.launches;
  }
  const [first] = violations;
  if (!first) return;
  tally.failures += 1;
  if (tally.failed.length < MOST_KEPT) tally.failed.push({ seed, ...first });
}

export function addTally(sum: Tally, more: Tally): void {
  sum.worlds += more.worlds;
  sum.events += more.events;
  sum.jobs += more.jobs;
  sum.launches += more.launches;
  sum.virtualMs += more.virtualMs;
  sum.failures += more.failures;
  for (const key of ['worlds', 'jobs', 'launches'] as const) sum.faultless[key] += more.faultless[key];
  for (const part of ['faults', 'branches', 'starts'] as const)
    for (const [name, count] of Object.entries(more[part]) as [never, number][])
      sum[part][name] = (((sum[part][name] as number | undefined) ?? 0) + count) as never;
  sum.failed.push(...more.failed.slice(0, MOST_KEPT - sum.failed.length));
}

/** The time within which that share of jobs started. */
export function startWithinMs(tally: Tally, share: number): number {
  const steps = Object.entries(tally.starts).map(([step, count]) => [Number(step), count] as const);
  steps.sort(([a], [b]) => a - b);
  const wanted = share * steps.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [step, count] of steps) {
    seen += count;
    if (seen >= wanted) return STEP ** step;
  }
  return 0;
}
