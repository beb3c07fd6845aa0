import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { scriptedRun } from '../../../../test/unit/github/scripted-run.ts';
import { hook, World } from '../../../../test/unit/github/world.ts';
import { hmacSha256 } from './sign-delivery.ts';
import type { Delivery } from './types.ts';

const DAY = 24 * 60 * 60_000;

function deliver(world: World, delivery: Delivery, statusCode: number) {
  world.model.recordDelivery(delivery, {
    deliveredAt: world.now,
    durationMs: 5,
    statusCode,
    status: statusCode === 202 ? 'OK' : 'no',
    url: hook.url,
    requestHeaders: {},
    responseHeaders: {},
    responseBody: '',
  });
}

/** A world with one sent delivery for each of the status codes, newest first in the list. */
function sent(...statusCodes: readonly number[]): World {
  const world = new World();
  world.model.addRun(scriptedRun(...statusCodes.map((_, index) => ({ key: `${index}` }))), 'octo-org/closed');
  for (const [index, delivery] of world.model.takeDeliveries().entries())
    deliver(world, delivery, statusCodes[index] ?? 0);
  return world;
}

const keys = (list: readonly Delivery[]) => list.map(({ job }) => job.key);

test("signatures are GitHub's: its published example", () => {
  expect(hmacSha256("It's a Secret to Everybody", 'Hello, World!')).toBe(
    '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  );
});

test('a delivery is signed over the very bytes of its body', () => {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  const [delivery] = world.model.takeDeliveries();
  if (!delivery) throw new Error('no delivery');
  const { url, headers, body } = world.model.signDelivery(delivery);
  const signature = createHmac('sha256', hook.secret).update(Buffer.from(body)).digest('hex');
  expect(url).toBe(hook.url);
  expect(headers).toMatchObject({
    'x-hub-signature-256': `sha256=${signature}`,
    'x-github-event': 'workflow_job',
    'x-github-delivery': delivery.guid,
    'x-github-hook-id': '4711',
    'x-github-hook-installation-target-id': '4711',
    'x-github-hook-installation-target-type': 'integration',
    'content-type': 'application/json',
  });
  expect(headers['user-agent']).toMatch(/^GitHub-Hookshot\//);
});

test('an event tells how the job was then, not how it is when it is sent', () => {
  const world = new World();
  const session = world.connect('r');
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  world.work(session, world.take(session));
  const stories = world.model.takeDeliveries().map(({ payload }) => {
    const { action, workflow_job: job } = payload as { action: string; workflow_job: Record<string, unknown> };
    return [action, job.status, job.conclusion, job.runner_name];
  });
  expect(stories).toEqual([
    ['queued', 'queued', null, null],
    ['in_progress', 'in_progress', null, 'r'],
    ['completed', 'completed', 'success', 'r'],
  ]);
});

test('without a hook nothing is delivered; each delivery is taken once', () => {
  const silent = new World({ hook: undefined });
  silent.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  expect(silent.model.takeDeliveries()).toEqual([]);
  silent.model.setHook(hook);
  silent.model.addRun(scriptedRun({ key: 'b' }), 'octo-org/closed');
  expect(silent.model.takeDeliveries()).toHaveLength(1);
  expect(silent.model.takeDeliveries()).toEqual([]);
});

test('sent deliveries are listed newest first, by page and by status; no answer is no failure to that filter', () => {
  const { model } = sent(202, 500, 0, 202);
  expect(keys(model.listDeliveries({ perPage: 10 }).deliveries)).toEqual(['3', '2', '1', '0']);
  expect(keys(model.listDeliveries({ perPage: 10, status: 'failure' }).deliveries)).toEqual(['1']);
  expect(keys(model.listDeliveries({ perPage: 10, status: 'success' }).deliveries)).toEqual(['3', '0']);
  const first = model.listDeliveries({ perPage: 3 });
  expect([keys(first.deliveries), first.more]).toEqual([['3', '2', '1'], true]);
  const rest = model.listDeliveries({ perPage: 3, before: first.deliveries.at(-1)?.id });
  expect([keys(rest.deliveries), rest.more]).toEqual([['0'], false]);
});

test('a delivery that is not sent yet is not listed and can not be redelivered', () => {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  const [delivery] = world.model.takeDeliveries();
  expect(world.model.listDeliveries({ perPage: 10 }).deliveries).toEqual([]);
  expect(world.model.redeliver(delivery?.id ?? 0)).toBe('gone');
});

test('a redelivery has the same GUID and body, its own id, and 3 days', () => {
  const world = sent(500);
  const [failed] = world.model.listDeliveries({ perPage: 1 }).deliveries;
  if (!failed) throw new Error('nothing was sent');
  world.wait(3 * DAY - 1);
  expect(world.model.redeliver(failed.id)).toBe('queued');
  const again = world.model.takeDeliveries().at(-1);
  expect(again).toMatchObject({ guid: failed.guid, redelivery: true });
  expect(again?.result).toBeUndefined();
  expect(again?.payload).toBe(failed.payload);
  expect(again?.id).not.toBe(failed.id);
  world.wait(1);
  expect(world.model.redeliver(failed.id)).toBe('gone');
});
