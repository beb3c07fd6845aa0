import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { GitHubModel } from './model/model.ts';
import { now } from './model/state.ts';
import type { Delivery, DeliveryResult } from './model/types.ts';

/** GitHub waits this long for an answer. */
const TIMEOUT_MS = 10_000;
const AT_ONCE = 10;
const KEPT_BODY_CHARACTERS = 10_000;

export interface Sender {
  /** Stops sending. What was on its way is given up. */
  close(): Promise<void>;
}

/** Sends the model's deliveries to its hook as soon as they are queued: each once, in order, up to ten at a time. */
export function sendDeliveries(model: GitHubModel): Sender {
  const closing = new AbortController();
  const queue: Delivery[] = [];
  const underway = new Set<Promise<void>>();

  const pump = () => {
    queue.push(...model.takeDeliveries());
    while (underway.size < AT_ONCE) {
      const delivery = queue.shift();
      if (!delivery) return;
      const sending = send(model, delivery, closing.signal).finally(() => {
        underway.delete(sending);
        if (!closing.signal.aborted) pump();
      });
      underway.add(sending);
    }
  };
  const stopListening = model.onEvent((event) => {
    if (event.kind === 'delivery-queued') pump();
  });
  pump();

  return {
    close: async () => {
      stopListening();
      closing.abort();
      await Promise.all(underway);
    },
  };
}

async function send(model: GitHubModel, delivery: Delivery, closing: AbortSignal): Promise<void> {
  const { url, headers, body } = model.signDelivery(delivery);
  const sentAt = now(model.state);
  const answer = await request(url, headers, body, closing);
  if (closing.aborted) return;
  const deliveredAt = now(model.state);
  model.recordDelivery(delivery, {
    ...answer,
    deliveredAt,
    durationMs: deliveredAt - sentAt,
    url,
    requestHeaders: headers,
  });
}

type Answer = Pick<DeliveryResult, 'statusCode' | 'status' | 'responseHeaders' | 'responseBody'>;

/** Not `fetch`: it refuses some ports, and a rehearsal's webhook may listen on any. */
async function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  closing: AbortSignal,
): Promise<Answer> {
  const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), closing]);
  try {
    const sent = httpRequest(url, { method: 'POST', headers, signal });
    sent.end(body);
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    const statusCode = reply.statusCode ?? 0;
    return {
      statusCode,
      status: statusCode >= 200 && statusCode < 300 ? 'OK' : `Invalid HTTP Response: ${statusCode}`,
      responseHeaders: reply.headers as Record<string, string>,
      responseBody: (await text(reply)).slice(0, KEPT_BODY_CHARACTERS),
    };
  } catch {
    const isTimeout = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
    return {
      statusCode: 0,
      status: isTimeout ? 'timed out' : 'failed to connect to host',
      responseHeaders: {},
      responseBody: '',
    };
  }
}
