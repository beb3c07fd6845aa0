/** The built dispatch bundle: what it answers to SQS, what it keeps and for how long. */
import { expect, test } from 'vitest';
import { NOT_CONFIGURED, useLaunchWorld } from './launching-test-support.ts';

type Answer = { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] };

const world = useLaunchWorld<Answer>('dispatch');

const unknownInstance = { kind: 'instance', instanceId: 'i-0123', change: 'spot-warning' };
const invoke = (...bodies: readonly unknown[]) =>
  world.invoke({
    Records: bodies.map((body, at) => ({
      messageId: `m${at}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })),
  });

test('init reads pools and credentials and makes the token: the first batch has all it needs', async () => {
  await world.start();
  const before = world.operations().sort();
  expect(before).toEqual(['/app/installations/7/access_tokens', 'GetParameters', 'GetSecretValue']);
  expect(await invoke(unknownInstance)).toEqual({ answer: { batchItemFailures: [] } });
  expect(world.operations().slice(before.length)).toEqual(['BatchGetItem']);
});

test('what fails is repeated alone, and logged with a code', async () => {
  await world.start();
  const wake = { kind: 'wake', pool: 'removed', installationId: 7 };
  expect(await invoke('poison', unknownInstance, wake)).toEqual({
    answer: { batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm2' }] },
  });
  expect(world.running.logged()).toMatchObject([
    { event: 'message-failed', messageId: 'm0', reason: 'message-malformed' },
    { event: 'message-failed', messageId: 'm2', reason: 'message-unknown-pool' },
  ]);
});

test('pools are read again after a minute, credentials after five; the token stays', async () => {
  const reads = () => [world.count('GetParameters'), world.count('GetSecretValue')];
  await world.start();
  await invoke(unknownInstance);
  await world.running.moveClock(59_000);
  await invoke(unknownInstance);
  expect(reads()).toEqual([1, 1]);
  await world.running.moveClock(2_000);
  await invoke(unknownInstance);
  expect(reads()).toEqual([2, 1]);
  await world.running.moveClock(240_000);
  await invoke(unknownInstance);
  expect(reads()).toEqual([3, 2]);
  expect(world.count('/app/installations/7/access_tokens')).toBe(1);
});

test('a failure is never kept', async () => {
  world.answer({ GetParameters: { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } } });
  await world.start();
  expect(await invoke(unknownInstance)).toMatchObject({ error: { reason: 'settings-unreadable' } });
  world.answer({});
  expect(await invoke(unknownInstance)).toMatchObject({ answer: { batchItemFailures: [] } });
  // What was read before serves on, when it can not be read again.
  world.answer({ GetParameters: { status: 500, body: {} } });
  await world.running.moveClock(61_000);
  expect(await invoke(unknownInstance)).toMatchObject({ answer: { batchItemFailures: [] } });
});

test.each(NOT_CONFIGURED)('not configured: %s', async (_, answers) => {
  world.answer(answers);
  await world.start();
  const { error } = await invoke(unknownInstance);
  expect(error).toMatchObject({ reason: 'not-configured', message: expect.stringContaining('MF1006') });
  expect(JSON.stringify([error, world.running.logged()])).not.toContain('SECRET-TEXT');
});

test('a missing variable is named, and nothing starts', async () => {
  await expect(world.start({ MAYFLY_TABLE: '' })).rejects.toThrow(/MF1006 .*MAYFLY_TABLE/);
});
