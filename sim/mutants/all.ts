/** The mistakes that others made, or that would be easy to make. */
import { ECONOMY } from './economy.ts';
import { KEEPING } from './keeping.ts';
import type { Mutant } from './mutant.ts';
import { REPAIR } from './repair.ts';
import { SAFETY } from './safety.ts';

export const MUTANTS: readonly Mutant[] = [...KEEPING, ...ECONOMY, ...SAFETY, ...REPAIR];
