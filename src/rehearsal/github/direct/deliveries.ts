import type { Deliveries, DeliveriesOutcome } from '../../../core/ports.ts';
import type { GitHubModel } from '../model/model.ts';
import { admitApp, wholeSeconds } from './admit.ts';

const PER_PAGE = 100;

export const directDeliveries = (model: GitHubModel): Deliveries => ({
  list: async (cursor) => list(model, cursor),
  redeliver: async (deliveryId) =>
    admitApp(model, 'write') ?? (model.redeliver(deliveryId) === 'queued' ? { kind: 'ok' } : { kind: 'gone' }),
});

/** The cursor is the id of the last delivery shown. */
function list(model: GitHubModel, cursor: string | undefined): DeliveriesOutcome {
  const refusal = admitApp(model, 'read');
  if (refusal) return refusal;
  const before = cursor === undefined ? undefined : Number(cursor);
  if (Number.isNaN(before)) return { kind: 'refused', detail: '400 Invalid cursor' };
  const { deliveries, more } = model.listDeliveries({ perPage: PER_PAGE, ...(before === undefined ? {} : { before }) });
  const last = deliveries.at(-1);
  return {
    kind: 'ok',
    deliveries: deliveries.flatMap(({ id, guid, event, result }) =>
      result ? [{ id, guid, event, deliveredAt: wholeSeconds(result.deliveredAt), statusCode: result.statusCode }] : [],
    ),
    ...(more && last ? { next: String(last.id) } : {}),
  };
}
