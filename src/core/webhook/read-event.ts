/** Reads the few fields we need of a signed `workflow_job` payload. Written by hand: this is the webhook's hot path. */
import type { JobAction } from '../messages.ts';

/** The event, reduced. Old senders leave fields out: only the ones without `?` are demanded. */
export interface WorkflowJobEvent {
  readonly action: string;
  readonly jobId: number;
  readonly status: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** Absent on payloads of old GitHub Enterprise Servers. */
  readonly createdAt?: number;
  readonly conclusion?: string;
  readonly runnerName?: string;
  readonly repository: { readonly owner: string; readonly name: string; readonly private: boolean };
  readonly organization?: string;
  readonly installationId?: number;
}

type Json = Record<string, unknown>;

/** `undefined`: signed, but it lacks what every workflow_job event has. */
export function readEvent(payload: unknown): WorkflowJobEvent | undefined {
  const event = asObject(payload);
  const job = asObject(event?.workflow_job);
  const repository = asObject(event?.repository);
  const owner = asText(asObject(repository?.owner)?.login);
  const name = asText(repository?.name);
  const action = asText(event?.action);
  const status = asText(job?.status);
  if (!job || !owner || !name || !action || !status) return undefined;
  if (!isId(job.id) || !isTextList(job.labels)) return undefined;
  return {
    action,
    jobId: job.id,
    status,
    name: asText(job.name) ?? '',
    labels: job.labels,
    createdAt: asTime(job.created_at) ?? asTime(job.started_at),
    conclusion: asText(job.conclusion),
    runnerName: asText(job.runner_name),
    repository: { owner, name, private: repository?.private === true },
    organization: asText(asObject(event?.organization)?.login),
    installationId: asId(asObject(event?.installation)?.id),
  };
}

const ACTIONS: Record<string, JobAction> = {
  queued: 'queued',
  waiting: 'waiting',
  in_progress: 'in_progress',
  completed: 'completed',
};

/**
 * What the event means. A job of a protected environment is announced as `queued` with status `waiting` first, and as
 * `queued` again after the approval: only the status `queued` is free to run.
 */
export function actionOf(event: WorkflowJobEvent): JobAction | undefined {
  const action = Object.hasOwn(ACTIONS, event.action) ? ACTIONS[event.action] : undefined;
  return action === 'queued' && event.status !== 'queued' ? 'waiting' : action;
}

const asObject = (value: unknown) => (typeof value === 'object' && value !== null ? (value as Json) : undefined);
/** GitHub sends "" for "none" in places. */
const asText = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
const asId = (value: unknown) => (isId(value) ? value : undefined);
const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

function asTime(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
