import type { JobChange, WorkflowRun } from '../../workflow/types.ts';
import { conclusionOf } from './run-status.ts';
import { applyChanges } from './runs.ts';
import { type GitHubState, now } from './state.ts';
import type { JobRecord } from './types.ts';

/**
 * Runs a job again, and what needs it: the next attempt of its run, in which that job is a new one with another id. The
 * other jobs keep what became of them. `running`: the run is not over. `refused`: without the others the workflow does not
 * come to this job (`if: failure()`).
 */
export function rerunJob(state: GitHubState, job: JobRecord): 'queued' | 'running' | 'refused' {
  const { run } = job;
  if (conclusionOf(run) === undefined) return 'running';
  const engine = run.makeRun(run.context);
  const queued = skipTo(engine, job.key);
  if (!queued) return 'refused';
  run.run = engine;
  run.attempt += 1;
  run.startedAt = now(state);
  applyChanges(state, run, [queued]);
  return 'queued';
}

/** To the new engine all jobs before this one have run. What they wrote to their outputs is lost. */
function skipTo(engine: WorkflowRun, key: string): JobChange | undefined {
  let wanted: JobChange | undefined;
  const changes = [...engine.start()];
  for (let change = changes.shift(); change; change = changes.shift()) {
    if (change.kind !== 'queued') continue;
    if (change.job.key === key) {
      wanted = change;
      continue;
    }
    engine.startJob(change.job.key, { name: 'earlier attempt' });
    changes.push(...engine.finishJob(change.job.key, 'ran'));
  }
  return wanted;
}
