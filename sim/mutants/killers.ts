import type { Killer } from './probe.ts';

export const scenarios = (...names: readonly string[]): Killer[] => names.map((name) => ({ kind: 'scenario', name }));

/** Random worlds, as many as a quick test may take. */
export const swarm: Killer = { kind: 'seeds', from: 1, count: 400 };
