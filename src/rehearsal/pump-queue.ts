/** What the SQS event source does on AWS: polls, invokes dispatch with batches, deletes what it did not report as failed. */
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalQueue } from '../adapters/local/queue.ts';
import type { Failure, QueueMessage } from '../core/dispatch/dispatch.ts';
import { limits } from '../core/limits.ts';

/** Invocations at the same time: the event source's smallest maximum concurrency. */
const CONCURRENCY = 2;
/** A message that became visible without a send (its visibility timeout ran out) is found this late at most. */
const POLL_MS = 200;

export interface QueuePump {
  /** Resolves when the running invocations are over; no new ones start. */
  close(): Promise<void>;
}

export function pumpQueue(
  queue: LocalQueue,
  invoke: (batch: readonly QueueMessage[]) => Promise<readonly Failure[]>,
  onCrash: (error: unknown) => void,
): QueuePump {
  const closing = new AbortController();
  const sends = new EventEmitter();
  const stopListening = queue.onSend(() => sends.emit('sent'));

  async function poll(): Promise<void> {
    while (!closing.signal.aborted) {
      const batch = queue.receive(limits.dispatchBatch);
      if (batch.length > 0) await handle(batch);
      else await nextSend();
    }
  }

  /** A crash leaves the batch to its visibility timeout, as with a function that dies. */
  async function handle(batch: ReturnType<LocalQueue['receive']>): Promise<void> {
    try {
      const failures = await invoke(batch.map(({ id, body }) => ({ messageId: id, body })));
      const failed = new Set(failures.map(({ messageId }) => messageId));
      for (const message of batch) if (!failed.has(message.id)) queue.delete(message.receiptHandle);
    } catch (error) {
      onCrash(error);
    }
  }

  async function nextSend(): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([closing.signal, over.signal]);
    await Promise.race([once(sends, 'sent', { signal }), sleep(POLL_MS, undefined, { signal })]).catch(() => {});
    over.abort();
  }

  const pollers = Array.from({ length: CONCURRENCY }, poll);
  return {
    close: async () => {
      stopListening();
      closing.abort();
      await Promise.all(pollers);
    },
  };
}
