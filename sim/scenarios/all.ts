import { BUGS, OPERATIONS } from './bugs.ts';
import { PAINS } from './pains.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [...PAINS, ...BUGS, ...OPERATIONS];

export const findScenario = (name: string) => SCENARIOS.find((scenario) => scenario.name === name);
