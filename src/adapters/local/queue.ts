/**
 * An SQS standard queue in memory.
 *
 *   send -(delay)-> visible -(receive)-> in flight -(delete)-> gone
 *                      ^                    |
 *                      +-(visibility timeout)  after `maxReceives` of them -> dead
 *
 * It sets no timer: an owner asks `nextVisibleAt` after each change and comes back then.
 */
import type { Clock, Queue, SendOutcome } from '../../core/ports.ts';
import { checkDelay } from '../queue-rules.ts';

export interface QueueMessage {
  readonly id: string;
  readonly body: string;
  /** Proves the latest receive; a later receive makes it void. */
  readonly receiptHandle: string;
  /** 1 on the first delivery. */
  readonly receiveCount: number;
  readonly sentAt: number;
}

export interface LocalQueueOptions {
  readonly clock: Clock;
  /** How long a received message is hidden. */
  readonly visibilityTimeoutMs: number;
  /** Deliveries before a message goes to the dead letters. */
  readonly maxReceives: number;
}

export interface QueueCounts {
  readonly visible: number;
  readonly delayed: number;
  readonly inFlight: number;
  readonly dead: number;
}

interface Stored {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  visibleAt: number;
  receiveCount: number;
}

/** SQS gives at most this many messages at once. */
const MOST_MESSAGES = 10;

export class LocalQueue implements Queue {
  readonly #options: LocalQueueOptions;
  readonly #messages = new Map<string, Stored>();
  readonly #dead: Stored[] = [];
  readonly #listeners = new Set<() => void>();
  #sent = 0;

  constructor(options: LocalQueueOptions) {
    this.#options = options;
  }

  async send(body: string, delayMs = 0): Promise<SendOutcome> {
    checkDelay(delayMs);
    const now = this.#options.clock();
    this.#sent += 1;
    const id = `message-${this.#sent}`;
    this.#messages.set(id, { id, body, sentAt: now, visibleAt: now + delayMs, receiveCount: 0 });
    for (const listener of this.#listeners) listener();
    return 'ok';
  }

  /** Up to `max` (1 to 10) visible messages, hidden from now for the visibility timeout. */
  receive(max: number): readonly QueueMessage[] {
    if (!(max >= 1 && max <= MOST_MESSAGES))
      throw new RangeError(`SQS gives 1 to ${MOST_MESSAGES} messages, not ${max}`);
    const now = this.#options.clock();
    this.#buryExhausted(now);
    const received: QueueMessage[] = [];
    for (const message of this.#messages.values()) {
      if (received.length === max) break;
      if (message.visibleAt > now) continue;
      message.visibleAt = now + this.#options.visibilityTimeoutMs;
      message.receiveCount += 1;
      received.push(delivery(message));
    }
    return received;
  }

  /** False: the handle is void, because the message is gone or was received again. */
  delete(receiptHandle: string): boolean {
    const message = this.#messages.get(receiptHandle.slice(0, receiptHandle.lastIndexOf('#')));
    if (message === undefined || handleOf(message) !== receiptHandle) return false;
    return this.#messages.delete(message.id);
  }

  /** When the next message can be received: a time past or now, if one can already. None: undefined. */
  nextVisibleAt(): number | undefined {
    this.#buryExhausted(this.#options.clock());
    let next: number | undefined;
    for (const { visibleAt } of this.#messages.values()) if (next === undefined || visibleAt < next) next = visibleAt;
    return next;
  }

  counts(): QueueCounts {
    const now = this.#options.clock();
    this.#buryExhausted(now);
    const counts = { visible: 0, delayed: 0, inFlight: 0, dead: this.#dead.length };
    for (const { visibleAt, receiveCount } of this.#messages.values()) {
      if (visibleAt <= now) counts.visible += 1;
      else if (receiveCount === 0) counts.delayed += 1;
      else counts.inFlight += 1;
    }
    return counts;
  }

  deadLetters(): readonly QueueMessage[] {
    this.#buryExhausted(this.#options.clock());
    return this.#dead.map(delivery);
  }

  /** Calls back after each send. Returns how to stop that. */
  onSend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #buryExhausted(now: number): void {
    for (const message of this.#messages.values()) {
      if (message.receiveCount < this.#options.maxReceives || message.visibleAt > now) continue;
      this.#messages.delete(message.id);
      this.#dead.push(message);
    }
  }
}

const handleOf = (message: Stored) => `${message.id}#${message.receiveCount}`;

const delivery = (message: Stored): QueueMessage => ({
  id: message.id,
  body: message.body,
  receiptHandle: handleOf(message),
  receiveCount: message.receiveCount,
  sentAt: message.sentAt,
});
