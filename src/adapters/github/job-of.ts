import type { GitHubJob } from '../../core/ports.ts';

/** A job as GitHub's replies have it. */
export interface JobBody {
  readonly id: number;
  readonly run_id: number;
  readonly status: string;
  readonly conclusion?: string | null;
  /** Empty for a job that was cancelled before any runner took it. */
  readonly runner_name?: string | null;
  readonly name: string;
  readonly labels: readonly string[];
  readonly created_at: string;
}

const ENDED_OR_READY = new Set<string>(['queued', 'in_progress', 'completed'] satisfies GitHubJob['status'][]);

export const jobOf = (body: JobBody): GitHubJob => ({
  id: String(body.id),
  // waiting, pending, requested, and whatever may be added: nothing is launched for it.
  status: ENDED_OR_READY.has(body.status) ? (body.status as GitHubJob['status']) : 'held',
  ...(body.conclusion ? { conclusion: body.conclusion } : {}),
  ...(body.runner_name ? { runnerName: body.runner_name } : {}),
  name: body.name,
  labels: body.labels,
  createdAt: Date.parse(body.created_at),
});

/** Whether it has what we need. */
export const isJobBody = (body: unknown): body is JobBody => {
  const { id, run_id, status, name, labels, created_at } = (body ?? {}) as Partial<JobBody>;
  return (
    Number.isSafeInteger(id) &&
    Number.isSafeInteger(run_id) &&
    typeof status === 'string' &&
    typeof name === 'string' &&
    Array.isArray(labels) &&
    !Number.isNaN(Date.parse(String(created_at)))
  );
};
