import { expect, test } from 'vitest';
import { SCENARIOS } from './scenarios/all.ts';
import { runScenario } from './scenarios/scenario.ts';

test.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
  expect(await runScenario(scenario)).toEqual([]);
});

test('their names are different', () => {
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
});
