/** Tasks on several threads, one at a time on each. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Answer, Task } from './tasks.ts';

export interface PoolOptions<Kind extends Task['kind']> {
  /** The bundle of `worker.ts`. */
  readonly entry: URL;
  /** Default: one for each core. */
  readonly threads?: number;
  /** `undefined`: no more. */
  readonly nextTask: () => (Task & { readonly kind: Kind }) | undefined;
  readonly onAnswer: (answer: Answer<Kind>) => void;
}

export async function runOnThreads<Kind extends Task['kind']>(options: PoolOptions<Kind>): Promise<void> {
  const threads = options.threads ?? availableParallelism();
  await Promise.all(Array.from({ length: threads }, () => runThread(options)));
}

function runThread<Kind extends Task['kind']>({ entry, nextTask, onAnswer }: PoolOptions<Kind>): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry);
    const feed = () => {
      const task = nextTask();
      if (task) worker.postMessage(task);
      else void worker.terminate().then(() => resolve());
    };
    worker.on('message', (answer: Answer<Kind>) => {
      onAnswer(answer);
      feed();
    });
    worker.on('error', reject);
    feed();
  });
}
