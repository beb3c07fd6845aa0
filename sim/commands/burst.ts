/** `--burst N`. */
import { type Burst, runBurst } from '../burst.ts';

const BAR = 60;

export async function tellBurst(jobs: number): Promise<number> {
  const burst = await runBurst(jobs);
  console.log(`${jobs} jobs at once\n`);
  console.log(curveOf(burst, jobs));
  const minutes = (ms: number) => `${(ms / 60_000).toFixed(1)} min`;
  console.log(`
every runner registered after ${minutes(burst.placedMs)}, every job started after ${minutes(burst.startedMs)}
${burst.launches} launches; the longest wait for a JIT config ${Math.round(burst.longestWaitMs / 1_000)} s, from the launch on (boot deadline ${burst.bootDeadlineMs / 1_000} s)
GitHub throttled ${burst.githubLimited} calls`);
  for (const { invariant, what } of burst.violations) console.log(`VIOLATION: ${invariant}: ${what}`);
  return burst.violations.length > 0 ? 1 : 0;
}

/** One row a minute; the bar: jobs that have started by then. */
function curveOf({ curve }: Burst, jobs: number): string {
  let started = 0;
  const rows = curve.map((minute, nth) => {
    started += minute.started;
    const counts = [nth, minute.launched, minute.registered, minute.started, minute.done, started];
    return `${counts.map((count) => String(count).padStart(8)).join('')}  ${'#'.repeat(Math.round((BAR * started) / jobs))}`;
  });
  const header = ['minute', 'launched', 'regist.', 'started', 'done', 'sum'].map((word) => word.padStart(8)).join('');
  return [header, ...rows].join('\n');
}
