/** `npm run sim`: exit code 0 when all is green, 1 with violations, 2 for bad usage. */
import { isMainThread, parentPort } from 'node:worker_threads';
import { tellScenario, tellScenarios } from './commands/scenarios.ts';
import { BadUsage, HELP, readOptions, type SimOptions } from './options.ts';
import { keepPlan, readPlan } from './plan-file.ts';
import { countsOf, isGreen, reportOf } from './report.ts';
import { runWorld, type WorldResult } from './run.ts';
import { drawShape } from './shape.ts';
import { shrink } from './shrink.ts';
import { type Chunk, faultsOfSeed, runSeeds, runSwarm } from './swarm.ts';
import { lineOf, timeOf } from './trace.ts';
import type { WorldOptions } from './world.ts';

/** From so many worlds on, every fault must have struck, or the batch proves too little. */
const LARGE = 2_000;

if (isMainThread) process.exitCode = await main(process.argv.slice(2));
else parentPort?.on('message', async ({ from, count }: Chunk) => parentPort?.postMessage(await runSeeds(from, count)));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (options.help) {
      process.stdout.write(HELP);
      return 0;
    }
    if (options.scenarios) return await tellScenarios();
    if (options.scenario !== undefined) return await tellScenario(options.scenario);
    if (options.plan !== undefined) return await runPlan(options.plan, options);
    if (options.seed !== undefined && options.seeds === 1) return await runSeed(options.seed, options);
    return await runBatch(options);
  } catch (error) {
    if (!(error instanceof BadUsage)) throw error;
    process.stderr.write(`${error.message}\n\n${HELP}`);
    return 2;
  }
}

async function runBatch(options: SimOptions): Promise<number> {
  const startedAt = performance.now();
  let printedAt = startedAt;
  const tally = await runSwarm(new URL(import.meta.url), {
    from: options.seed ?? 1,
    seeds: options.seeds,
    threads: options.threads,
    onProgress: ({ worlds, failures }) => {
      if (performance.now() - printedAt < 5_000) return;
      printedAt = performance.now();
      const rate = Math.round((worlds / (printedAt - startedAt)) * 1_000);
      console.error(
        `${worlds.toLocaleString('en')} of ${options.seeds.toLocaleString('en')} worlds, ${rate}/s, ${failures} failed`,
      );
    },
  });
  console.log(reportOf(tally, performance.now() - startedAt));
  if (options.coverage) console.log(countsOf(tally));
  return isGreen(tally, options.seeds >= LARGE) ? 0 : 1;
}

async function runSeed(seed: number, options: SimOptions): Promise<number> {
  const world: WorldOptions = { seed, faults: faultsOfSeed(seed), shape: drawShape(seed) };
  const result = await tellWorld(world, options.trace);
  if (options.shrink && result.violations.length > 0) {
    const least = await shrink(world, result);
    const found = least.violations[0]?.what;
    console.log(`${result.strikes.length} faults shrink to ${least.strikes.length}`);
    console.log(`npm run sim -- --trace --plan ${keepPlan({ seed, strikes: least.strikes, found })}`);
  }
  return result.violations.length > 0 ? 1 : 0;
}

async function runPlan(file: string, options: SimOptions): Promise<number> {
  let plan: ReturnType<typeof readPlan>;
  try {
    plan = readPlan(file);
  } catch (error) {
    throw new BadUsage((error as Error).message);
  }
  const { seed, strikes } = plan;
  const result = await tellWorld({ seed, faults: { kind: 'plan', strikes } }, options.trace);
  return result.violations.length > 0 ? 1 : 0;
}

async function tellWorld(world: WorldOptions, isTold: boolean): Promise<WorldResult> {
  const result = await runWorld({
    ...world,
    onHappening: (happening) => {
      const line = isTold ? lineOf(happening) : undefined;
      if (line !== undefined) console.log(line);
    },
  });
  const { view, violations, strikes, events } = result;
  console.log(
    `${view.jobs} jobs, ${view.launches} launches, ${strikes.length} faults, ${events} events, ${timeOf(view.atMs).trim()}`,
  );
  for (const { invariant, atMs, what } of violations)
    console.log(`VIOLATION at ${timeOf(atMs).trim()}: ${invariant}: ${what}`);
  return result;
}
