/** Many worlds by seed, on several threads. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { FaultSource } from './faults.ts';
import { runWorld } from './run.ts';
import { addResult, addTally, newTally, type Tally, watchWorld } from './tally.ts';

/** One seed in so many is a world without any fault: there, every launch and call is counted exactly. */
const FAULTLESS_EVERY = 20;
const WORLDS_PER_CHUNK = 100;

export interface SwarmOptions {
  readonly from: number;
  readonly seeds: number;
  /** Ends after this long, however many worlds are left. */
  readonly withinMs?: number;
  readonly threads?: number;
  readonly onProgress: (tally: Tally) => void;
}

export const faultsOfSeed = (seed: number): FaultSource =>
  seed % FAULTLESS_EVERY === 0 ? { kind: 'none' } : { kind: 'random', scale: 1 };

/** Worlds of the seeds `from` to `from + count - 1`. */
export async function runSeeds(from: number, count: number): Promise<Tally> {
  const tally = newTally();
  for (let seed = from; seed < from + count; seed += 1) {
    const faults = faultsOfSeed(seed);
    addResult(tally, await runWorld({ seed, faults, onHappening: watchWorld(tally) }), faults);
  }
  return tally;
}

export interface Chunk {
  readonly from: number;
  readonly count: number;
}

/** `entry`: the bundle that answers a `Chunk` with a `Tally` when it runs as a worker. */
export async function runSwarm(entry: URL, options: SwarmOptions): Promise<Tally> {
  const sum = newTally();
  const end = options.from + options.seeds;
  const startedAt = performance.now();
  let next = options.from;
  const nextChunk = (): Chunk | undefined => {
    const isLate = performance.now() - startedAt > (options.withinMs ?? Number.POSITIVE_INFINITY);
    if (next >= end || isLate) return undefined;
    const chunk = { from: next, count: Math.min(WORLDS_PER_CHUNK, end - next) };
    next += chunk.count;
    return chunk;
  };
  const threads = Math.min(options.threads ?? availableParallelism(), Math.ceil(options.seeds / WORLDS_PER_CHUNK));
  await Promise.all(
    Array.from({ length: Math.max(1, threads) }, () =>
      work(entry, nextChunk, (tally) => {
        addTally(sum, tally);
        options.onProgress(sum);
      }),
    ),
  );
  return sum;
}

function work(entry: URL, nextChunk: () => Chunk | undefined, onTally: (tally: Tally) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry);
    const feed = () => {
      const chunk = nextChunk();
      if (chunk) worker.postMessage(chunk);
      else void worker.terminate().then(() => resolve());
    };
    worker.on('message', (tally: Tally) => {
      onTally(tally);
      feed();
    });
    worker.on('error', reject);
    feed();
  });
}
