import type { JobConclusion } from '../../workflow/types.ts';
import type { RunRecord } from './types.ts';

export function runStatus(run: RunRecord): 'queued' | 'in_progress' | 'completed' {
  if (conclusionOf(run) !== undefined) return 'completed';
  return [...run.jobs.values()].some((job) => job.status !== 'queued') ? 'in_progress' : 'queued';
}

/** None while it is not over. In a later attempt the engine knows only the jobs of that attempt: the others count, too. */
export function conclusionOf(run: RunRecord): JobConclusion | undefined {
  const { conclusion } = run.run;
  if (conclusion === undefined || run.attempt === 1) return conclusion;
  const kept = [...run.jobs.values()].filter(({ attempt }) => attempt < run.attempt).map((job) => job.conclusion);
  return (['failure', 'cancelled'] as const).find((one) => one === conclusion || kept.includes(one)) ?? conclusion;
}
