import { workflowJobPayload } from './json/workflow-job-payload.ts';
import { type GitHubState, nextGuid, nextId, now } from './state.ts';
import type { Delivery, DeliveryResult, JobRecord } from './types.ts';

/** Makes the event about the job as it is now. Without a hook nobody listens, and nothing is made. */
export function queueDelivery(state: GitHubState, action: Delivery['action'], job: JobRecord): void {
  if (!state.hook) return;
  add(state, {
    id: nextId(state, 'delivery'),
    guid: nextGuid(state, 'delivery'),
    redelivery: false,
    event: 'workflow_job',
    action,
    job,
    payload: workflowJobPayload(state, action, job),
  });
}

/** Queues the same event once more, with the same GUID. `gone`: unknown, or older than 3 days. */
export function redeliver(state: GitHubState, id: number): 'queued' | 'gone' {
  const before = state.deliveries.get(id);
  if (!before?.result) return 'gone';
  add(state, { ...before, id: nextId(state, 'delivery'), redelivery: true, result: undefined });
  return 'queued';
}

/** GitHub is late with an event that it had begun to send: its delivery, and the id of that, are made only now. */
export function postpone(state: GitHubState, delivery: Delivery): void {
  state.deliveries.delete(delivery.id);
  state.due.delivery.drop(delivery);
  add(state, { ...delivery, id: nextId(state, 'delivery') });
}

/** Takes what is to be sent now, oldest first: the caller sends it, once, and then calls `recordDelivery`. */
export function takeDeliveries(state: GitHubState): readonly Delivery[] {
  const taken = state.unsent;
  state.unsent = [];
  return taken;
}

export function recordDelivery(state: GitHubState, delivery: Delivery, result: DeliveryResult): void {
  delivery.result = result;
  state.events.push({ kind: 'delivery-sent', at: now(state), delivery, statusCode: result.statusCode });
}

export interface DeliveryQuery {
  readonly perPage: number;
  /** Only those with a smaller id. */
  readonly before?: number;
  /** "failure" is an answer of 400 to 599: a delivery without any answer is in neither. */
  readonly status?: 'success' | 'failure';
}

/** Attempts that were made, newest first. */
export function listDeliveries(
  state: GitHubState,
  query: DeliveryQuery,
): { readonly deliveries: readonly Delivery[]; readonly more: boolean } {
  const found = [...state.deliveries.values()]
    .reverse()
    .filter(
      (delivery) => (query.before === undefined || delivery.id < query.before) && hasStatus(delivery, query.status),
    );
  return { deliveries: found.slice(0, query.perPage), more: found.length > query.perPage };
}

function hasStatus({ result }: Delivery, status: DeliveryQuery['status']): boolean {
  if (!result) return false;
  switch (status) {
    case 'success':
      return result.statusCode >= 200 && result.statusCode < 400;
    case 'failure':
      return result.statusCode >= 400 && result.statusCode < 600;
    case undefined:
      return true;
  }
}

function add(state: GitHubState, delivery: Delivery): void {
  state.deliveries.set(delivery.id, delivery);
  state.due.delivery.touch(delivery, now(state));
  state.unsent.push(delivery);
  state.events.push({ kind: 'delivery-queued', at: now(state), delivery });
}
