/** What GitHub delivered to the App's webhook, asked as the App itself. */
import type { Clock, Deliveries, DeliveriesOutcome, WebhookDelivery } from '../../core/ports.ts';
import type { AppCall } from './app-call.ts';
import { failureOf, unreadable } from './classify.ts';
import type { GitHubReply, GitHubRequest } from './client.ts';

const PATH = '/app/hook/deliveries';

interface AppAccess {
  readonly callAsApp: AppCall;
  readonly clock: Clock;
}

export async function listDeliveries({ callAsApp, clock }: AppAccess, cursor?: string): Promise<DeliveriesOutcome> {
  const after = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  const request: GitHubRequest = { method: 'GET', path: `${PATH}?per_page=100${after}`, repeatable: true };
  const reply = await callAsApp(request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status !== 200) return failureOf(request, reply, clock());
  if (!Array.isArray(reply.body)) return unreadable(request, reply);
  const next = nextCursor(reply);
  return { kind: 'ok', deliveries: reply.body.map(deliveryOf), ...(next === undefined ? {} : { next }) };
}

/** Twice is no harm: an event that comes again changes nothing. */
export async function redeliver(
  { callAsApp, clock }: AppAccess,
  deliveryId: number,
): ReturnType<Deliveries['redeliver']> {
  const request: GitHubRequest = { method: 'POST', path: `${PATH}/${deliveryId}/attempts`, repeatable: true };
  const reply = await callAsApp(request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status === 202) return { kind: 'ok' };
  return reply.status === 404 ? { kind: 'gone' } : failureOf(request, reply, clock());
}

interface DeliveryBody {
  readonly id: number;
  readonly guid: string;
  readonly delivered_at: string;
  readonly status_code: number;
  readonly event: string;
}

const deliveryOf = ({ id, guid, delivered_at, status_code, event }: DeliveryBody): WebhookDelivery => ({
  id,
  guid,
  deliveredAt: Date.parse(delivered_at),
  statusCode: status_code,
  event,
});

/** `<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_123>; rel="next"` */
function nextCursor({ headers }: GitHubReply): string | undefined {
  const next = /<([^>]*)>;\s*rel="next"/.exec(String(headers.link ?? ''))?.[1];
  return next !== undefined && URL.canParse(next) ? (new URL(next).searchParams.get('cursor') ?? undefined) : undefined;
}
