/** What a swarm found, for people. */
import { CODES } from '../src/core/codes.ts';
import { FAULT_NAMES } from './fault-classes.ts';
import { startWithinMs, type Tally } from './tally.ts';

const PERCENTILES = [0.5, 0.9, 0.99] as const;
const MOST_LAUNCHES_PER_JOB = 1.1;
const LISTED = 20;

/** Faults that never struck: what they would have shown is not known. */
const unstruck = (tally: Tally) => FAULT_NAMES.filter((name) => !tally.faults[name]);

export const launchesPerJob = ({ launches, jobs }: { readonly launches: number; readonly jobs: number }) =>
  jobs === 0 ? 0 : launches / jobs;

/** Whether the batch as a whole is green. `isLarge`: enough worlds for every fault to have struck. */
export function isGreen(tally: Tally, isLarge: boolean): boolean {
  if (tally.failures > 0) return false;
  return !isLarge || (unstruck(tally).length === 0 && launchesPerJob(tally) <= MOST_LAUNCHES_PER_JOB);
}

export function reportOf(tally: Tally, elapsedMs: number): string {
  const perSecond = (count: number) => Math.round((count / elapsedMs) * 1_000).toLocaleString('en');
  const lines = [
    `${tally.worlds.toLocaleString('en')} worlds in ${(elapsedMs / 1_000).toFixed(1)} s: ${perSecond(tally.worlds)} worlds/s, ${perSecond(tally.events)} events/s; ${(tally.virtualMs / 3_600_000 / 24).toFixed(1)} days of virtual time`,
    `${tally.jobs.toLocaleString('en')} jobs, ${launchesPerJob(tally).toFixed(3)} launches per job; without faults ${launchesPerJob(tally.faultless).toFixed(3)} (${tally.faultless.worlds} worlds)`,
    `queue to start: ${PERCENTILES.map((share) => `p${share * 100} ${seconds(startWithinMs(tally, share))}`).join(', ')}`,
    ...coverageOf(tally),
    ...failuresOf(tally),
  ];
  return lines.join('\n');
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(0)} s`;

function coverageOf(tally: Tally): string[] {
  const missing = unstruck(tally);
  const reasons = Object.entries(CODES).flatMap(([reason, { code }]) => (/^MF12/.test(code) ? [reason] : []));
  const unseen = reasons.filter((reason) => !tally.branches[`reason ${reason}`]);
  return [
    `faults: ${FAULT_NAMES.length - missing.length} of ${FAULT_NAMES.length} classes struck${listed(missing)}`,
    `branches: ${Object.keys(tally.branches).length} seen; reasons to wait: ${reasons.length - unseen.length} of ${reasons.length}${listed(unseen)}`,
  ];
}

const listed = (names: readonly string[]) => (names.length === 0 ? '' : `; never: ${names.join(', ')}`);

function failuresOf({ failures, failed }: Tally): string[] {
  if (failures === 0) return ['no violation'];
  const byInvariant = Map.groupBy(failed, ({ invariant }) => invariant);
  return [
    `${failures} worlds violate an invariant`,
    ...[...byInvariant].map(([invariant, worlds]) => `  ${String(worlds.length).padStart(5)}  ${invariant}`),
    ...failed
      .slice(0, LISTED)
      .map(({ seed, what }) => `  seed ${seed}: ${what.split('\n')[0]}\n    npm run sim -- --seed ${seed} --trace`),
  ];
}

/** Every fault and branch with how often it was seen: `--coverage`. */
export function countsOf(tally: Tally): string {
  const rows = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `  ${String(count).padStart(9)}  ${name}`);
  return ['faults', ...rows(tally.faults), 'branches', ...rows(tally.branches)].join('\n');
}
