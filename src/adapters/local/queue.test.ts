import { expect, test } from 'vitest';
import { describeQueue, queueSettings } from '../contracts/queue.contract.ts';
import { LocalQueue } from './queue.ts';

function queueAt(start = 0) {
  const time = { now: start };
  return { time, queue: new LocalQueue({ ...queueSettings, clock: () => time.now }) };
}

describeQueue('local', async () => {
  const { time, queue } = queueAt();
  return {
    queue,
    receive: async (max) => queue.receive(max),
    delete: async (receiptHandle) => void queue.delete(receiptHandle),
    wait: async (ms) => {
      time.now += ms;
    },
    dead: async () => queue.deadLetters().map(({ body }) => body),
  };
});

test('says when the next message is to be had, and counts them all', async () => {
  const { time, queue } = queueAt(100);
  expect(queue.nextVisibleAt()).toBeUndefined();
  await queue.send('later', 500);
  expect(queue.nextVisibleAt()).toBe(600);
  await queue.send('now');
  expect(queue.nextVisibleAt()).toBe(100);
  expect(queue.counts()).toEqual({ visible: 1, delayed: 1, inFlight: 0, dead: 0 });
  queue.receive(10);
  expect(queue.nextVisibleAt()).toBe(600);
  expect(queue.counts()).toEqual({ visible: 0, delayed: 1, inFlight: 1, dead: 0 });
  time.now = 1_100;
  expect(queue.counts()).toEqual({ visible: 2, delayed: 0, inFlight: 0, dead: 0 });
  queue.receive(10);
  time.now = 2_100;
  expect(queue.nextVisibleAt()).toBe(2_100);
  expect(queue.counts()).toEqual({ visible: 1, delayed: 0, inFlight: 0, dead: 1 });
});

test('a message is visible at the very moment its time is over, and not before', async () => {
  const { time, queue } = queueAt();
  await queue.send('body', 500);
  time.now = 499;
  expect(queue.receive(1)).toEqual([]);
  time.now = 500;
  expect(queue.receive(1)).toHaveLength(1);
  time.now = 1_499;
  expect(queue.receive(1)).toEqual([]);
  time.now = 1_500;
  expect(queue.receive(1)).toHaveLength(1);
});

test('only the latest receipt deletes', async () => {
  const { time, queue } = queueAt();
  await queue.send('body');
  const [first] = queue.receive(1);
  time.now = 1_000;
  const [second] = queue.receive(1);
  expect(queue.delete(first?.receiptHandle as string)).toBe(false);
  expect(queue.delete('nonsense')).toBe(false);
  expect(queue.delete(second?.receiptHandle as string)).toBe(true);
  expect(queue.delete(second?.receiptHandle as string)).toBe(false);
  expect(queue.counts()).toEqual({ visible: 0, delayed: 0, inFlight: 0, dead: 0 });
});

test('calls back on each send, until told to stop', async () => {
  const { queue } = queueAt();
  let sends = 0;
  const stop = queue.onSend(() => {
    sends += 1;
  });
  await queue.send('1');
  stop();
  await queue.send('2');
  expect(sends).toBe(1);
});

test.each([0, 11])('throws when asked for %i messages', (max) => {
  expect(() => queueAt().queue.receive(max)).toThrow(RangeError);
});
