/** `--seeds N`. */
import type { SimOptions } from '../options.ts';
import { countsOf, isGreen, reportOf } from '../report.ts';
import { runSwarm } from '../swarm.ts';

/** From so many worlds on, every fault must have struck, or the batch proves too little. */
const LARGE = 5_000;
const PROGRESS_MS = 5_000;

export async function tellBatch(entry: URL, options: SimOptions): Promise<number> {
  const startedAt = performance.now();
  let printedAt = startedAt;
  const { seed = 1, seeds, threads, jobs, minutes } = options;
  const tally = await runSwarm({
    entry,
    from: seed,
    seeds,
    shape: { jobs, minutes },
    threads,
    onProgress: ({ worlds, failures }) => {
      if (performance.now() - printedAt < PROGRESS_MS) return;
      printedAt = performance.now();
      const rate = Math.round((worlds / (printedAt - startedAt)) * 1_000);
      console.error(`${numberOf(worlds)} of ${numberOf(seeds)} worlds, ${rate}/s, ${failures} failed`);
    },
  });
  console.log(reportOf(tally, performance.now() - startedAt));
  const { user, system } = process.cpuUsage();
  console.log(`${((user + system) / 1_000 / tally.worlds).toFixed(1)} ms of processor time per world`);
  if (options.coverage) console.log(countsOf(tally));
  return isGreen(tally, seeds >= LARGE) ? 0 : 1;
}

const numberOf = (count: number) => count.toLocaleString('en');
