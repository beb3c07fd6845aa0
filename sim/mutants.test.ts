/** Known mistakes, put into the product one at a time: each must be noticed by what is named for it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MUTANTS } from './mutants/all.ts';
import { mutate } from './mutants/mutant.ts';
import { runMutant } from './mutants/run-mutant.ts';

test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', { timeout: 60_000 }, async (_, mutant) => {
  const { killedBy, worlds } = await runMutant(mutant);
  expect(killedBy, `it survives ${worlds} worlds`).toBeDefined();
});

test('a mutant whose text is gone fails', () => {
  const [mutant] = MUTANTS;
  if (!mutant) throw new Error('there are no mutants');
  const source = readFileSync(mutant.file, 'utf8');
  expect(mutate(mutant, source)).not.toBe(source);
  expect(() => mutate(mutant, source.replace(mutant.text, ''))).toThrow('stands 0 times');
  expect(() => mutate(mutant, source + mutant.text)).toThrow('stands 2 times');
});
