/** Decides which fault strikes when: by seed, or by an explicit plan. */
import { FAULT_CLASSES, FAULT_NAMES, type FaultName } from './fault-classes.ts';
import { Rng } from './rng.ts';

/** The `nth` time (from 0) that the fault could strike, it does. */
export interface Strike {
  readonly fault: FaultName;
  readonly nth: number;
}

export type FaultSource =
  | { readonly kind: 'none' }
  /** Each class strikes with its own chance, times `scale`. Of all classes, about half are on in any world. */
  | { readonly kind: 'random'; readonly scale: number }
  | { readonly kind: 'plan'; readonly strikes: readonly Strike[] };

interface Counter {
  asked: number;
  readonly chance: number;
  readonly rng: Rng;
  readonly planned: ReadonlySet<number> | undefined;
}

export class Faults {
  /** All strikes so far: as a plan, they repeat this world. */
  readonly strikes: Strike[] = [];
  private readonly counters = new Map<FaultName, Counter>();
  private readonly seed: number;
  private isOver = false;

  constructor(seed: number, source: FaultSource) {
    this.seed = seed;
    if (source.kind === 'none') return;
    const swarm = Rng.of(seed, 'swarm');
    for (const name of FAULT_NAMES) {
      const isOn = swarm.chance(0.5);
      const counter = counterOf(seed, name, source, isOn);
      if (counter) this.counters.set(name, counter);
    }
  }

  /**
   * Whether the fault strikes now: then, the stream from which its extent is drawn. That stream follows from the strike
   * alone, so that it stays the same when others are left out.
   */
  strike(fault: FaultName): Rng | undefined {
    const counter = this.counters.get(fault);
    if (!counter || this.isOver) return undefined;
    const nth = counter.asked++;
    const strikes = counter.planned ? counter.planned.has(nth) : counter.rng.chance(counter.chance);
    if (!strikes) return undefined;
    this.strikes.push({ fault, nth });
    return Rng.of(this.seed, `${fault}/${nth}`);
  }

  /** From now on nothing fails. */
  stop(): void {
    this.isOver = true;
  }

  get stopped(): boolean {
    return this.isOver;
  }
}

function counterOf(
  seed: number,
  name: FaultName,
  source: Exclude<FaultSource, { kind: 'none' }>,
  isOn: boolean,
): Counter | undefined {
  const rng = Rng.of(seed, `fault/${name}`);
  if (source.kind === 'random') {
    const chance = Math.min(1, FAULT_CLASSES[name].chance * source.scale);
    return isOn ? { asked: 0, chance, rng, planned: undefined } : undefined;
  }
  const planned = new Set(source.strikes.flatMap(({ fault, nth }) => (fault === name ? [nth] : [])));
  return planned.size > 0 ? { asked: 0, chance: 0, rng, planned } : undefined;
}
