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
  const change = MUTANTS[0]?.changes[0];
  if (!change) throw new Error('there are no mutants');
  const source = readFileSync(change.file, 'utf8');
  expect(mutate(change, source)).not.toBe(source);
  expect(() => mutate(change, source.replace(change.text, ''))).toThrow('stands 0 times');
  expect(() => mutate(change, source + change.text)).toThrow('stands 2 times');
});
