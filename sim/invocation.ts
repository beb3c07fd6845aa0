/** One run of a function. When it dies, nothing of it ever goes on: whatever it waits for never comes. */
import type { SimClock } from './clock.ts';
import type { Role } from './history.ts';
import type { Rng } from './rng.ts';

export class Invocation {
  readonly role: Role;
  /** Its own clock, which may be off. */
  readonly clock: () => number;
  private over = false;
  private died = false;
  private readonly onDeath: (why: string) => void;

  constructor(role: Role, clock: SimClock, skewMs: number, onDeath: (why: string) => void) {
    this.role = role;
    this.clock = skewMs === 0 ? clock.read : () => clock.now + skewMs;
    this.onDeath = onDeath;
  }

  get isDead(): boolean {
    return this.died;
  }

  die(why: string): void {
    if (this.over) return;
    this.over = true;
    this.died = true;
    this.onDeath(why);
  }

  finish(): void {
    this.over = true;
  }
}

/** What a dead function waits for. */
export const never = <T>() => new Promise<T>(() => {});

const SKEW_MS = 5_000;

export const skewOf = (hit: Rng | undefined) => (hit ? Math.round(hit.between(-SKEW_MS, SKEW_MS)) : 0);
