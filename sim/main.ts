/** `npm run sim`: exit code 0 when all is green, 1 with violations, 2 for bad usage. */
import { tellBatch } from './commands/batch.ts';
import { tellBurst } from './commands/burst.ts';
import { tellMutants } from './commands/mutants.ts';
import { tellPlan, tellSeed } from './commands/one-world.ts';
import { tellScenario, tellScenarios } from './commands/scenarios.ts';
import { BadUsage, HELP, readOptions, type SimOptions } from './options.ts';

/** Beside this file, where both are bundled. */
const WORKER = new URL('worker.mjs', import.meta.url);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    return await choose(readOptions(args));
  } catch (error) {
    if (!(error instanceof BadUsage)) throw error;
    process.stderr.write(`${error.message}\n\n${HELP}`);
    return 2;
  }
}

async function choose(options: SimOptions): Promise<number> {
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.scenarios) return tellScenarios();
  if (options.scenario !== undefined) return tellScenario(options.scenario);
  if (options.mutants || options.mutant !== undefined) return tellMutants(options.mutant);
  if (options.burst !== undefined) return tellBurst(options.burst);
  if (options.plan !== undefined) return tellPlan(options.plan, options);
  if (options.seed !== undefined && options.seeds === 1) return tellSeed(options.seed, options);
  return tellBatch(WORKER, options);
}
