/** What every `Queue` does, seen from its readers as well. Times are real for SQS: they are kept short. */
import { describe, expect, test } from 'vitest';
import type { Queue } from '../../core/ports.ts';

export interface QueueUnderTest {
  readonly queue: Queue;
  receive(max: number): Promise<readonly { body: string; receiptHandle: string; receiveCount: number }[]>;
  delete(receiptHandle: string): Promise<void>;
  /** Lets time pass. */
  wait(ms: number): Promise<void>;
  /** Bodies of the dead letters. */
  dead(): Promise<readonly string[]>;
}

/** Of the queue that `make` makes: new and empty each time. */
export const queueSettings = { visibilityTimeoutMs: 1_000, maxReceives: 2 };
/** Over one second, by more than clocks and sockets differ. */
const LONGER_MS = 1_200;

export function describeQueue(name: string, make: () => Promise<QueueUnderTest>): void {
  describe(`${name}: a queue`, () => {
    test('gives what was sent, once, and forgets it when deleted', async () => {
      const under = await make();
      const body = JSON.stringify({ text: 'é & <"> \n' });
      expect(await under.queue.send(body)).toBe('ok');
      const [message] = await under.receive(10);
      expect(message).toMatchObject({ body, receiveCount: 1 });
      expect(await under.receive(10)).toEqual([]);
      await under.delete(message?.receiptHandle as string);
      await under.wait(LONGER_MS);
      expect(await under.receive(10)).toEqual([]);
      expect(await under.dead()).toEqual([]);
    });

    test('gives no more than asked for, and each message to one reader', async () => {
      const under = await make();
      const bodies = ['1', '2', '3', '4', '5'];
      for (const body of bodies) await under.queue.send(body);
      const some = await under.receive(3);
      const rest = await under.receive(10);
      expect(some.length).toBeLessThanOrEqual(3);
      expect([...some, ...rest].map(({ body }) => body).sort()).toEqual(bodies);
    });

    test('hides a delayed message until then', async () => {
      const under = await make();
      expect(await under.queue.send('later', 1_000)).toBe('ok');
      await under.queue.send('now');
      expect((await under.receive(10)).map(({ body }) => body)).toEqual(['now']);
      await under.wait(LONGER_MS);
      expect((await under.receive(1)).map(({ body }) => body)).toContain('later');
    });

    test('gives what was not deleted again, then to the dead letters', async () => {
      const under = await make();
      await under.queue.send('poison');
      expect(await under.receive(10)).toMatchObject([{ receiveCount: 1 }]);
      await under.wait(LONGER_MS);
      expect(await under.receive(10)).toMatchObject([{ body: 'poison', receiveCount: 2 }]);
      expect(await under.dead()).toEqual([]);
      await under.wait(LONGER_MS);
      expect(await under.receive(10)).toEqual([]);
      expect(await under.dead()).toEqual(['poison']);
    });

    test.each([-1, 900_001, Number.NaN])('throws for a delay of %d ms', async (delayMs) => {
      const { queue } = await make();
      await expect(queue.send('body', delayMs)).rejects.toThrow(RangeError);
    });
  });
}
