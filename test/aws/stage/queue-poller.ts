/**
 * An SQS event source mapping: polls with the rights of the function, hands over batches, deletes what was not reported
 * as failed, and leaves the rest to come again when its visibility timeout is over. The queue's own redrive policy moves
 * what came too often to the dead letters.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { MotoAccess } from '../moto.ts';
import type { LambdaHost } from './lambda-host.ts';

/** Between two polls that found nothing. Lambda polls long; our moto answers one request at a time. */
const PAUSE_MS = 100;

export interface QueuePollerOptions {
  /** With the credentials of the function's role, through the gate: Lambda polls with them too. */
  readonly access: MotoAccess;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly host: LambdaHost;
  readonly batchSize: number;
  readonly maximumConcurrency: number;
  readonly reportsFailures: boolean;
}

export interface QueuePoller {
  /** Stops taking messages, for as long as a test looks at the queue. Resolves when no batch is underway. */
  pause(): Promise<void>;
  resume(): void;
  close(): Promise<void>;
}

export function pollQueue(options: QueuePollerOptions): QueuePoller {
  const sqs = new SQSClient({ ...options.access, maxAttempts: 1 });
  let state: 'running' | 'paused' | 'closed' = 'running';
  let underway = 0;

  async function loop(): Promise<void> {
    while (state !== 'closed') {
      underway += 1;
      const found = state === 'running' && (await pollOnce(sqs, options).catch(() => false));
      underway -= 1;
      if (!found) await pause(PAUSE_MS);
    }
  }

  const loops = Array.from({ length: options.maximumConcurrency }, loop);
  return {
    pause: async () => {
      state = 'paused';
      while (underway > 0) await pause(10);
    },
    resume: () => {
      state = 'running';
    },
    close: async () => {
      state = 'closed';
      await Promise.all(loops);
      sqs.destroy();
    },
  };
}

/** Whether there was anything. */
async function pollOnce(sqs: SQSClient, options: QueuePollerOptions): Promise<boolean> {
  const { queueUrl: QueueUrl, batchSize, host, reportsFailures } = options;
  const receive = new ReceiveMessageCommand({
    ...{ QueueUrl, MaxNumberOfMessages: batchSize },
    ...{ MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] },
  });
  const { Messages: messages = [] } = await sqs.send(receive);
  if (messages.length === 0) return false;
  const invoked = await host.invoke({ Records: messages.map((message) => recordOf(message, options)) });
  if (invoked.kind !== 'ok') return true;
  const failed = reportsFailures ? failedIn(invoked.result, messages) : new Set<string>();
  const done = messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
  if (done.length === 0) return true;
  const entries = done.map(({ ReceiptHandle }, position) => ({ Id: String(position), ReceiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: entries }));
  return true;
}

/** An answer without the list, or with an id that was not in the batch, fails the whole batch. */
function failedIn(result: unknown, messages: readonly Message[]): ReadonlySet<string> {
  const all = messages.map(({ MessageId = '' }) => MessageId);
  const list = (result as { batchItemFailures?: { itemIdentifier: string }[] } | undefined)?.batchItemFailures;
  const ids = list?.map(({ itemIdentifier }) => itemIdentifier);
  return new Set(ids?.every((id) => all.includes(id)) ? ids : all);
}

const recordOf = (message: Message, { queueArn, access }: QueuePollerOptions) => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body,
  attributes: message.Attributes ?? {},
  messageAttributes: {},
  md5OfBody: message.MD5OfBody,
  eventSource: 'aws:sqs',
  eventSourceARN: queueArn,
  awsRegion: access.region,
});
