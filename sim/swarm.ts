/** Many worlds by seed, on several threads. */
import type { ShapeLimits } from './shape.ts';
import { addTally, newTally, type Tally } from './tally.ts';
import { runOnThreads } from './thread-pool.ts';

const WORLDS_PER_TASK = 100;

export interface SwarmOptions {
  readonly entry: URL;
  readonly from: number;
  readonly seeds: number;
  readonly shape: ShapeLimits;
  readonly threads?: number;
  readonly onProgress: (tally: Tally) => void;
}

export async function runSwarm({ entry, from, seeds, shape, threads, onProgress }: SwarmOptions): Promise<Tally> {
  const sum = newTally();
  let next = from;
  await runOnThreads({
    entry,
    threads,
    nextTask: () => {
      const count = Math.min(WORLDS_PER_TASK, from + seeds - next);
      if (count <= 0) return undefined;
      next += count;
      return { kind: 'seeds', from: next - count, count, shape };
    },
    onAnswer: (tally) => {
      addTally(sum, tally);
      onProgress(sum);
    },
  });
  return sum;
}
