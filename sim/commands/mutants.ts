/** `--mutants` and `--mutant NAME`. */
import { existsSync } from 'node:fs';
import { MUTANTS } from '../mutants/all.ts';
import { ENTRY, type MutantResult, runMutant } from '../mutants/run-mutant.ts';
import { BadUsage } from '../options.ts';

export async function tellMutants(name?: string): Promise<number> {
  if (!existsSync(ENTRY)) throw new BadUsage('--mutants breaks the source of the product: run it in a checkout');
  const chosen = name === undefined ? MUTANTS : MUTANTS.filter((mutant) => mutant.name === name);
  if (chosen.length === 0) throw new BadUsage(`no mutant is named "${name}"`);
  let survivors = 0;
  for (const mutant of chosen) {
    const result = await runMutant(mutant);
    if (result.killedBy === undefined) survivors += 1;
    console.log(`${mutant.name.padEnd(34)} ${wordsOf(result)}`);
  }
  console.log(`${chosen.length - survivors} of ${chosen.length} mutants were noticed`);
  return survivors > 0 ? 1 : 0;
}

function wordsOf({ killedBy, because = '', worlds, tookMs }: MutantResult): string {
  if (killedBy === undefined) return `SURVIVES ${worlds} worlds`;
  return `killed by ${killedBy} after ${worlds} worlds, ${Math.round(tookMs)} ms: ${because.split('\n')[0]}`;
}
