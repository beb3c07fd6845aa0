/** A thread that runs worlds. It must be bundled: each mutant has one of its own. */
import { parentPort } from 'node:worker_threads';
import { doTask, type Task } from './tasks.ts';

parentPort?.on('message', async (task: Task) => parentPort?.postMessage(await doTask(task)));
