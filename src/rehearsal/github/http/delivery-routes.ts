import type { Context, Hono } from 'hono';
import { asApp } from './authenticate.ts';
import { idOf, type Shell } from './context.ts';
import { fail, notFound } from './fail.ts';
import { deliveryItemJson, deliveryJson } from './json/delivery-json.ts';
import { link, perPageOf } from './page.ts';

/** What was delivered to the App's webhook, and how to have it delivered again. */
export function addDeliveryRoutes(hono: Hono, shell: Shell): void {
  const { model } = shell;
  const deliveries = '/app/hook/deliveries';
  hono.use(`${deliveries}/*`, asApp(shell));

  hono.get(deliveries, (c) => list(c, shell));

  hono.get(`${deliveries}/:id`, (c) => {
    const delivery = model.findDelivery(idOf(c, 'id'));
    return delivery?.result ? c.json(deliveryJson(model.state, delivery, delivery.result)) : notFound(c);
  });

  hono.post(`${deliveries}/:id/attempts`, (c) =>
    model.redeliver(idOf(c, 'id')) === 'queued' ? c.json({}, 202) : notFound(c),
  );
}

/** The cursor is the id of the last delivery shown; to the caller it is opaque. */
function list(c: Context, { model }: Shell) {
  const cursor = c.req.query('cursor');
  const before = cursor === undefined ? undefined : /^v1_(\d{1,15})$/.exec(cursor)?.[1];
  if (cursor !== undefined && before === undefined) return fail(c, 400, 'Invalid cursor');
  const status = c.req.query('status');
  if (status !== undefined && status !== 'success' && status !== 'failure') return fail(c, 422, 'Invalid status');
  const { deliveries, more } = model.listDeliveries({
    perPage: perPageOf(c),
    before: before === undefined ? undefined : Number(before),
    status,
  });
  const last = deliveries.at(-1);
  if (more && last) c.header('Link', link(c, 'next', { cursor: `v1_${last.id}` }));
  const items = deliveries.flatMap((one) => (one.result ? [deliveryItemJson(model.state, one, one.result)] : []));
  return c.json(items);
}
