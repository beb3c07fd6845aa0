/** The launch queue as its writers see it, with failures. */
import type { LocalQueue } from '../../src/adapters/local/queue.ts';
import type { Queue, SendOutcome } from '../../src/core/ports.ts';
import { type CallTime, effect, type PortContext } from './call.ts';

const TIME: CallTime = { fromMs: 5, toMs: 20 };
const LATEST_MS = 300_000;
/** SQS delays no longer. */
const MOST_DELAY_MS = 900_000;

export function queuePort(context: PortContext, queue: LocalQueue): Queue {
  return { send: (body, delayMs) => effect(context, TIME, () => send(context, queue, body, delayMs ?? 0)) };
}

async function send(
  { strike, tell, deployment }: PortContext,
  queue: LocalQueue,
  body: string,
  delayMs: number,
): Promise<SendOutcome> {
  if (strike('queue-unavailable')) return 'unavailable';
  const late = strike('queue-late');
  await queue.send(body, late ? within(delayMs + late.between(1_000, LATEST_MS)) : delayMs);
  tell({ kind: 'sent', deployment, body });
  const twice = strike('queue-duplicate');
  if (twice) await queue.send(body, within(delayMs + twice.between(0, 5_000)));
  return strike('queue-lost-reply') ? 'unavailable' : 'ok';
}

const within = (delayMs: number) => Math.min(MOST_DELAY_MS, Math.round(delayMs));
