/** Chance that repeats: each subsystem draws from a stream of its own, so that one draw more in one moves no other. */
export class Rng {
  private state: number;

  private constructor(state: number) {
    this.state = state;
  }

  static of(seed: number, name: string): Rng {
    return new Rng(hash(`${seed}/${name}`));
  }

  /** 0 <= x < 1. Mulberry32. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance = (probability: number) => this.next() < probability;
  between = (low: number, high: number) => low + this.next() * (high - low);
  /** Exponentially distributed: many short, few long. */
  about = (mean: number) => -Math.log(1 - this.next()) * mean;
  /** A whole number, both ends included. */
  int = (low: number, high: number) => low + Math.floor(this.next() * (high - low + 1));
  pick = <T>(choices: readonly T[]): T => choices[this.int(0, choices.length - 1)] as T;
}

/** FNV-1a, mixed once more: close seeds must not give close streams. */
export function hash(text: string, from = 0x811c9dc5): number {
  let h = from;
  for (let position = 0; position < text.length; position += 1)
    h = Math.imul(h ^ text.charCodeAt(position), 0x01000193);
  h ^= h >>> 16;
  return Math.imul(h, 0x85ebca6b) >>> 0;
}
