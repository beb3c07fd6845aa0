import type { JobRecord } from './types.ts';

/** How much of a job's output is kept: the end of it, where the errors are. */
const keptCharacters = 1_000_000;

export function appendLog(job: JobRecord, text: string): void {
  const kept = text.slice(-keptCharacters);
  job.log.push(kept);
  job.logCharacters += kept.length;
  while (job.logCharacters > keptCharacters) {
    const first = job.log[0] ?? '';
    const excess = job.logCharacters - keptCharacters;
    if (first.length <= excess) job.log.shift();
    else job.log[0] = first.slice(excess);
    job.logCharacters -= Math.min(first.length, excess);
  }
}
