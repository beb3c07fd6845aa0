/** Runs what must notice a mutant. */
import type { Strike } from '../faults.ts';
import { runWorld } from '../run.ts';
import { findScenario } from '../scenarios/all.ts';
import { runScenario } from '../scenarios/scenario.ts';
import { faultsOfSeed } from '../seeds.ts';

export type Killer =
  | { readonly kind: 'scenario'; readonly name: string }
  | { readonly kind: 'plan'; readonly seed: number; readonly strikes: readonly Strike[] }
  /** Random worlds, until one notices. */
  | { readonly kind: 'seeds'; readonly from: number; readonly count: number };

export interface Verdict {
  /** None: the mutant survived. */
  readonly killedBy?: string;
  readonly because?: string;
  readonly worlds: number;
}

export async function probe(killers: readonly Killer[]): Promise<Verdict> {
  let worlds = 0;
  for (const killer of killers) {
    const verdict = await probeOne(killer);
    worlds += verdict.worlds;
    if (verdict.killedBy !== undefined) return { ...verdict, worlds };
  }
  return { worlds };
}

async function probeOne(killer: Killer): Promise<Verdict> {
  switch (killer.kind) {
    case 'scenario': {
      const scenario = findScenario(killer.name);
      if (!scenario) throw new Error(`no scenario is named ${killer.name}`);
      const [because] = await runScenario(scenario);
      return verdictOf(`scenario ${killer.name}`, because, 1);
    }
    case 'plan': {
      const { seed, strikes } = killer;
      const because = await brokenIn(seed, { kind: 'plan', strikes });
      return verdictOf(`plan of seed ${seed}`, because, 1);
    }
    case 'seeds':
      for (let nth = 0; nth < killer.count; nth += 1) {
        const seed = killer.from + nth;
        const because = await brokenIn(seed, faultsOfSeed(seed));
        if (because !== undefined) return verdictOf(`seed ${seed}`, because, nth + 1);
      }
      return { worlds: killer.count };
  }
}

async function brokenIn(seed: number, faults: Parameters<typeof runWorld>[0]['faults']): Promise<string | undefined> {
  const [broken] = (await runWorld({ seed, faults })).violations;
  return broken && `${broken.invariant}: ${broken.what}`;
}

const verdictOf = (killedBy: string, because: string | undefined, worlds: number): Verdict =>
  because === undefined ? { worlds } : { killedBy, because, worlds };
