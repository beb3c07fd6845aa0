/**
 * Who is who in a rehearsal: a fault picks what it strikes by the order in which jobs are queued, so that every rehearsal
 * is struck in the same places.
 */
import { attemptIdOf, attemptIdOfRunner, jobIdOfAttempt } from '../../core/names.ts';
import { isLaunch } from '../timeline.ts';
import { DEPLOYMENT, type WorldEvent } from '../world.ts';

export class Cast {
  readonly #jobs = new Map<string, string>();
  readonly #attempts = new Map<string, string>();
  readonly #replacements = new Set<string>();

  apply(event: WorldEvent): void {
    if (event.source === 'github' && event.event.kind === 'job-queued')
      this.#jobs.set(event.event.job.id, event.event.job.name);
    if (!isLaunch(event)) return;
    const { attempts, instances = [] } = event.entry as unknown as LaunchEntry;
    for (const [position, id] of instances.entries()) this.#attempts.set(id, attempts[position] as string);
  }

  /** `place`: 1 for the first that was queued. */
  jobAt(place: number): string | undefined {
    return [...this.#jobs.keys()][place - 1];
  }

  isJobAt(place: number, jobId: string): boolean {
    return this.jobAt(place) === jobId;
  }

  /** Whether that attempt is the first one that was made for that job. */
  isFirstFor(place: number, attemptId: string | undefined): boolean {
    const job = this.jobAt(place);
    return job !== undefined && attemptId === attemptIdOf(job, 1);
  }

  nameOf(jobId: string): string {
    return this.#jobs.get(jobId) ?? jobId;
  }

  /** The job that an attempt was made for. */
  madeFor(attemptId: string): string {
    return this.nameOf(jobIdOfAttempt(attemptId));
  }

  attemptOfRunner(runnerName: string): string | undefined {
    return attemptIdOfRunner(DEPLOYMENT, runnerName);
  }

  attemptOf(instanceId: string): string | undefined {
    return this.#attempts.get(instanceId);
  }

  instanceOf(attemptId: string): string | undefined {
    return [...this.#attempts].find(([, attempt]) => attempt === attemptId)?.[0];
  }

  /** The next attempt that takes the place of one that came to nothing; each is given once. */
  claimReplacement(): string | undefined {
    const free = [...this.#attempts.values()].find((id) => !id.endsWith('-1') && !this.#replacements.has(id));
    if (free !== undefined) this.#replacements.add(free);
    return free;
  }
}

interface LaunchEntry {
  readonly attempts: readonly string[];
  readonly instances?: readonly string[];
}
