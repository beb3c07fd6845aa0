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
  | { readonly kind: 'plan'; readonly strikes: readonly Strike[] }
  /** A scenario says so. */
  | { readonly kind: 'rule'; readonly rule: FaultRule };

/** `nth`: how often it was asked before. `what`: of which call or event, where that matters. */
export type FaultRule = (fault: FaultName, nth: number, what: string) => boolean;

/** Where it could strike now. */
export type StrikeFault = (fault: FaultName, what?: string) => Rng | undefined;

interface Counter {
  asked: number;
  readonly strikes: (nth: number, what: string) => boolean;
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
  strike(fault: FaultName, what = ''): Rng | undefined {
    const counter = this.counters.get(fault);
    if (!counter || this.isOver) return undefined;
    const nth = counter.asked++;
    if (!counter.strikes(nth, what)) return undefined;
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
  if (source.kind === 'rule') return { asked: 0, strikes: (nth, what) => source.rule(name, nth, what) };
  if (source.kind === 'random') {
    const rng = Rng.of(seed, `fault/${name}`);
    const chance = Math.min(1, FAULT_CLASSES[name].chance * source.scale);
    return isOn ? { asked: 0, strikes: () => rng.chance(chance) } : undefined;
  }
  const planned = new Set(source.strikes.flatMap(({ fault, nth }) => (fault === name ? [nth] : [])));
  return planned.size > 0 ? { asked: 0, strikes: (nth) => planned.has(nth) } : undefined;
}
