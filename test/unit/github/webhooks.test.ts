import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import type { Delivery } from '../../../src/rehearsal/github/model/types.ts';
import { webhookSchema } from './schemas.ts';
import { scriptedRun } from './scripted-run.ts';
import { type ReceivedHook, startStandIn, statusOf } from './stand-in.ts';
import { World } from './world.ts';

const MINUTE = 60_000;

/** Against GitHub's schema of that event and action. */
function expectValid(action: string, body: unknown): void {
  const validate = webhookSchema(`workflow-job-${action.replace('_', '-')}`);
  validate(body);
  expect(validate.errors ?? []).toEqual([]);
}

function parse(hook: ReceivedHook) {
  const signature = createHmac('sha256', 'a secret').update(hook.body).digest('hex');
  expect(hook.headers['x-hub-signature-256']).toBe(`sha256=${signature}`);
  const body = JSON.parse(hook.body.toString());
  expectValid(body.action, body);
  return body;
}

/** A world in which a job of each fate has ended. */
function allFates(): World {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'good', steps: 2 }, { key: 'next', needs: 'good' }), 'octo-org/closed');
  const good = world.connect('good');
  world.work(good, world.take(good));
  const bad = world.connect('bad');
  world.work(bad, world.take(bad), 1);
  world.model.addRun(scriptedRun({ key: 'expired', steps: 2 }, { key: 'skipped', needs: 'expired' }), 'octo-org/open');
  world.wait(24 * 60 * MINUTE);
  const run = world.model.addRun(scriptedRun({ key: 'stopped' }, { key: 'waiting' }), 'octo-org/closed');
  const stopped = world.connect('stopped');
  const id = world.take(stopped);
  world.model.cancelRun(run.id);
  world.model.finishJob(stopped, id, 'cancelled');
  world.model.addRun(scriptedRun({ key: 'lost' }, { key: 'late' }), 'octo-org/closed');
  world.take(world.connect('lost'));
  const late = world.connect('late');
  world.model.finishJob(late, world.take(late), 'timed-out');
  world.wait(10 * MINUTE);
  return world;
}

test('every event of every fate is as GitHub documents it', () => {
  const deliveries = allFates().model.takeDeliveries();
  for (const { action, payload } of deliveries) expectValid(action, JSON.parse(JSON.stringify(payload)));
  const ends = deliveries.filter(({ action }) => action === 'completed').map((one) => [one.job.key, endOf(one)]);
  expect(Object.fromEntries(ends)).toEqual({
    good: 'success on good',
    next: 'failure on bad',
    expired: 'cancelled on ',
    skipped: 'skipped on null',
    stopped: 'cancelled on stopped',
    waiting: 'cancelled on ',
    lost: 'failure on lost',
    late: 'cancelled on late',
  });
});

function endOf({ payload }: Delivery): string {
  const { workflow_job: job } = payload as { workflow_job: Record<string, unknown> };
  return `${job.conclusion} on ${job.runner_name}`;
}

test("our event has every field of GitHub's own example", () => {
  const file = createRequire(import.meta.url).resolve('@octokit/webhooks-examples/api.github.com/index.json');
  const events = JSON.parse(readFileSync(file, 'utf8')) as { name: string; examples: Record<string, object>[] }[];
  const example = events.find(({ name }) => name === 'workflow_job')?.examples[1];
  const [ours] = allFates().model.takeDeliveries();
  const payload = ours?.payload as Record<string, object>;
  for (const part of ['workflow_job', 'repository', 'organization', 'sender'])
    expect(Object.keys(payload[part] ?? {})).toEqual(expect.arrayContaining(Object.keys(example?.[part] ?? {})));
});

test('events are signed and sent at once, in order', async () => {
  const { world, hook, server } = await startStandIn();
  const session = world.connect('r');
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  await hook.count(1);
  const id = world.take(session);
  await hook.count(2);
  world.work(session, id);
  const bodies = (await hook.count(3)).map(parse);
  expect(bodies.map(({ action }) => action)).toEqual(['queued', 'in_progress', 'completed']);
  for (const body of bodies) {
    expect(body).toMatchObject({
      installation: { id: 99_000_001 },
      organization: { login: 'octo-org' },
      repository: { full_name: 'octo-org/closed', private: true, url: `${server.url}/repos/octo-org/closed` },
      workflow_job: { id: Number(id), labels: ['self-hosted', 'linux'] },
    });
  }
  const guids = hook.received.map(({ headers }) => headers['x-github-delivery']);
  expect(new Set(guids).size).toBe(3);
});

test('deliveries are listed by page and status, shown whole, and redelivered with the same GUID', async () => {
  const { world, hook, appClient, checked } = await startStandIn();
  const { apps } = appClient().rest;
  hook.answer(500);
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  await sent(world, 1);
  hook.answer(202);
  world.model.addRun(scriptedRun({ key: 'b' }, { key: 'c' }), 'octo-org/closed');
  await sent(world, 3);

  const first = await apps.listWebhookDeliveries({ per_page: 2 });
  expect(first.data.map(({ status_code }) => status_code)).toEqual([202, 202]);
  const next = /[?&]cursor=([^&>]+)/.exec(first.headers.link ?? '')?.[1];
  const last = await apps.listWebhookDeliveries({ per_page: 2, cursor: next });
  expect(last.data.map(({ status_code }) => status_code)).toEqual([500]);
  expect(last.headers.link).toBeUndefined();

  const [failed, ...none] = (await apps.listWebhookDeliveries({ status: 'failure' })).data;
  expect(none).toEqual([]);
  expect(failed).toMatchObject({ redelivery: false, event: 'workflow_job', action: 'queued', status_code: 500 });
  const delivery_id = Number(failed?.id);
  const { data: whole } = await apps.getWebhookDelivery({ delivery_id });
  expect(whole).toMatchObject({
    guid: failed?.guid,
    request: { headers: { 'x-github-event': 'workflow_job' }, payload: { action: 'queued' } },
    response: { payload: 'answered 500' },
  });

  expect((await apps.redeliverWebhookDelivery({ delivery_id })).status).toBe(202);
  await sent(world, 4);
  const again = hook.received.at(-1);
  expect(again?.headers['x-github-delivery']).toBe(failed?.guid);
  expect(again?.body).toEqual(hook.received[0]?.body);
  const [newest] = (await apps.listWebhookDeliveries({ per_page: 1 })).data;
  expect(newest).toMatchObject({ guid: failed?.guid, redelivery: true, status: 'OK' });

  expect(await statusOf(apps.redeliverWebhookDelivery({ delivery_id: 1 }))).toBe(404);
  expect(await statusOf(apps.getWebhookDelivery({ delivery_id: 1 }))).toBe(404);
  expect(await statusOf(apps.listWebhookDeliveries({ cursor: 'x' }))).toBe(400);
  expect(await statusOf(apps.listWebhookDeliveries({ status: 'x' as 'success' }))).toBe(422);
  expect([...checked.seen]).toContain('GET /app/hook/deliveries/{delivery_id} 200');
});

test('a hook that does not answer at all is recorded as such', async () => {
  const { world, hook, appClient } = await startStandIn();
  await hook.close();
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  await sent(world, 1);
  const { data } = await appClient().rest.apps.listWebhookDeliveries();
  expect(data[0]).toMatchObject({ status: 'failed to connect to host', status_code: 0 });
});

/** Waits until that many deliveries were sent and recorded in all. */
async function sent(world: World, wanted: number): Promise<void> {
  const count = () => world.events.filter(({ kind }) => kind === 'delivery-sent').length;
  await new Promise<void>((resolve) => {
    if (count() >= wanted) return resolve();
    const stop = world.model.onEvent(() => {
      if (count() < wanted) return;
      stop();
      resolve();
    });
  });
}
