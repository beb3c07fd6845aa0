/**
 * Launches that only late news can explain: a job runs or is over at GitHub, but faults kept that from the deployment, so
 * that it counts the job as waiting. Each such job excuses one launch.
 *
 *   GitHub      queued ---- started ---------------------------> (event lost, function died, ...)
 *   table       waiting ------------------------ launch -------> started
 *                               `-- NEWS_MS --'  excused
 */
import type { Job } from '../src/core/types.ts';
import type { HappeningAt } from './history.ts';

/** News take this long at most when nothing fails. */
const NEWS_MS = 5_000;

export class LateNews {
  /** Job id -> when it no longer waited. */
  private readonly startedAt = new Map<string, number>();
  /** Deployment and pool -> jobs that it counts as waiting. */
  private readonly waiting = new Map<string, Set<string>>();
  private readonly excused = new Set<string>();

  /** How many launches are excused now. */
  see(happening: HappeningAt): number {
    if (happening.kind === 'github' && 'job' in happening.event) this.noteGitHub(happening.event);
    if (happening.kind === 'record' && happening.record === 'job')
      this.noteJob(happening.deployment, happening.after as Job);
    if (happening.kind !== 'instance' || happening.instance.state !== 'pending') return 0;
    return this.outdated(`${happening.deployment}/${happening.instance.pool}`, happening.at);
  }

  private noteGitHub({
    kind,
    job,
  }: Extract<HappeningAt, { kind: 'github' }>['event'] & { job: { id: string; at: number } }) {
    if (kind === 'job-queued' || kind === 'job-requeued') this.startedAt.delete(job.id);
    else if (!this.startedAt.has(job.id)) this.startedAt.set(job.id, job.at);
  }

  private noteJob(deployment: number, { id, pool, state }: Job): void {
    const key = `${deployment}/${pool}`;
    const jobs = this.waiting.get(key) ?? new Set();
    this.waiting.set(key, jobs);
    if (state === 'WANTED' || state === 'LAUNCHING') jobs.add(id);
    else jobs.delete(id);
  }

  private outdated(key: string, now: number): number {
    let count = 0;
    for (const id of this.waiting.get(key) ?? []) {
      if (this.excused.has(id) || now - (this.startedAt.get(id) ?? now) < NEWS_MS) continue;
      this.excused.add(id);
      count += 1;
    }
    return count;
  }
}
