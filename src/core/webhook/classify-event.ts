/** Decides what a signed event means to this deployment: one message for the queue, or a reason to ignore it. */
import type { IgnoreReason } from '../codes.ts';
import { limits } from '../limits.ts';
import type { JobAction, JobMessage } from '../messages.ts';
import { attemptIdOfRunner } from '../names.ts';
import { routeJob } from '../route-job.ts';
import type { RoutablePool } from '../types.ts';
import { actionOf, type WorkflowJobEvent } from './read-event.ts';

export interface WebhookConfig {
  /** The organisation or user whose jobs we run. */
  readonly owner: string;
  /** The App's installation there. Not checked while unknown. */
  readonly installationId?: number;
  readonly pools: readonly RoutablePool[];
  /** Tells our runners by their names. */
  readonly deploymentId: string;
}

export type Classified =
  | { readonly kind: 'message'; readonly message: JobMessage }
  | { readonly kind: 'ignored'; readonly reason: IgnoreReason };

export function classifyEvent(
  event: WorkflowJobEvent,
  config: WebhookConfig,
  delivery: string,
  now: number,
): Classified {
  const action = actionOf(event);
  if (!action) return ignored('other-action');
  if (!isOurs(event, config)) return ignored('foreign-owner');
  if (isTooOld(event, action, now)) return ignored('too-old');
  const route = routeJob(event.labels, event.repository, config.pools);
  if (route.kind === 'none' && !hasOurRunner(event, config)) return ignored(route.reason);
  const message: JobMessage = {
    kind: 'job',
    action,
    pool: route.kind === 'pool' ? route.pool.name : undefined,
    jobId: String(event.jobId),
    name: event.name,
    repository: `${event.repository.owner}/${event.repository.name}`,
    installationId: event.installationId ?? config.installationId ?? 0,
    createdAt: event.createdAt ?? now,
    runnerName: event.runnerName,
    conclusion: event.conclusion,
    delivery,
  };
  return { kind: 'message', message };
}

/** GitHub hands any job to a runner that matches, also one that we would not have launched for: its fate is ours to hear. */
const hasOurRunner = ({ runnerName }: WorkflowJobEvent, { deploymentId }: WebhookConfig) =>
  runnerName !== undefined && attemptIdOfRunner(deploymentId, runnerName) !== undefined;

const ignored = (reason: IgnoreReason): Classified => ({ kind: 'ignored', reason });

/** The App's secret signs the events of every installation, so a signature does not say whose they are. */
function isOurs(event: WorkflowJobEvent, config: WebhookConfig): boolean {
  const owner = config.owner.toLowerCase();
  if (event.repository.owner.toLowerCase() !== owner) return false;
  if (event.organization !== undefined && event.organization.toLowerCase() !== owner) return false;
  return (
    config.installationId === undefined ||
    event.installationId === undefined ||
    event.installationId === config.installationId
  );
}

/**
 * Only what would launch: the end of an old job must still be heard. One that was held may be free to run after weeks;
 * dispatch drops what has waited too long.
 */
function isTooOld(event: WorkflowJobEvent, action: JobAction, now: number): boolean {
  const mayLaunch = action === 'queued' || action === 'waiting';
  return mayLaunch && event.createdAt !== undefined && now - event.createdAt > limits.heldJobMs;
}
