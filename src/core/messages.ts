/** What travels through the launch queue: the event reduced to the fields needed, as JSON. Anything else is refused. */

/** What happened to a job. `queued` is free to run; `waiting` is held by an environment's approval or by concurrency. */
export type JobAction = 'queued' | 'waiting' | 'in_progress' | 'completed';

export interface JobMessage {
  readonly kind: 'job';
  readonly action: JobAction;
  /** Where it is routed. Absent: nowhere, but one of our runners has taken it. */
  readonly pool?: string;
  /** `workflow_job.id`, in digits. */
  readonly jobId: string;
  readonly name: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly installationId: number;
  readonly createdAt: number;
  readonly runnerName?: string;
  readonly conclusion?: string;
  /** GUID of the webhook delivery: to find it again in GitHub's list. */
  readonly delivery: string;
}

/**
 * EC2 says that an instance ended, or (`spot-warning`) that it takes it back within two minutes. Carries no tags: the id
 * is looked up, and unknown ones are dropped.
 */
export interface InstanceMessage {
  readonly kind: 'instance';
  readonly instanceId: string;
  readonly change: 'terminated' | 'stopped' | 'spot-warning';
}

/** Plan a pool anew: something had to wait. */
export interface WakeMessage {
  readonly kind: 'wake';
  readonly pool: string;
}

export type Message = JobMessage | InstanceMessage | WakeMessage;

export const writeMessage = (message: Message) => JSON.stringify(message);

/** `undefined`: not one of ours. */
export function parseMessage(body: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  return isMessage(value) ? value : undefined;
}

const ACTIONS = new Set(['queued', 'waiting', 'in_progress', 'completed']);
const CHANGES = new Set(['terminated', 'stopped', 'spot-warning']);

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  const message = value as Record<string, unknown>;
  const isText = (name: string) => typeof message[name] === 'string' && message[name] !== '';
  const isTextOrAbsent = (name: string) => message[name] === undefined || typeof message[name] === 'string';
  switch (message.kind) {
    case 'job':
      return (
        ACTIONS.has(message.action as string) &&
        (isText('pool') || (message.pool === undefined && isText('runnerName'))) &&
        /^\d{1,20}$/.test(String(message.jobId)) &&
        isText('repository') &&
        Number.isFinite(message.createdAt) &&
        Number.isSafeInteger(message.installationId) &&
        typeof message.name === 'string' &&
        isTextOrAbsent('runnerName') &&
        isTextOrAbsent('conclusion')
      );
    case 'instance':
      return isText('instanceId') && CHANGES.has(message.change as string);
    case 'wake':
      return isText('pool');
    default:
      return false;
  }
}
