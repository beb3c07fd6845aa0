import { expect, test } from 'vitest';
import type { AwsCaller, AwsReply, AwsRequest } from './call-aws.ts';
import { endInstances } from './end-instances.ts';

/** EC2 with some instances: those that were terminated are gone two listings later. Pages of two. */
function ec2(states: Record<string, string>, refuse = false) {
  const time = { now: 0 };
  const asked: Record<string, string>[] = [];
  const age: Record<string, number> = {};
  const call = async ({ body }: AwsRequest): Promise<AwsReply> => {
    const form = Object.fromEntries(new URLSearchParams(body));
    asked.push(form);
    if (form.Action === 'TerminateInstances') {
      if (refuse) return reply(403, error('UnauthorizedOperation'));
      for (const [name, id] of Object.entries(form)) if (name.startsWith('InstanceId.')) states[id] = 'shutting-down';
      return reply(200, '<TerminateInstancesResponse/>');
    }
    for (const [id, state] of Object.entries(states)) {
      age[id] = (age[id] ?? 0) + (state === 'shutting-down' ? 1 : 0);
      if (age[id] > 2) delete states[id];
    }
    const from = Number(form.NextToken ?? 0);
    const page = Object.entries(states).slice(from, from + 2);
    const next = from + 2 < Object.keys(states).length ? `<nextToken>${from + 2}</nextToken>` : '';
    const items = page.map(
      ([id, state]) =>
        `<item><instancesSet><item><instanceId>${id}</instanceId><instanceState><name>${state}</name></instanceState></item></instancesSet></item>`,
    );
    return reply(200, `<R><reservationSet>${items.join('')}</reservationSet>${next}</R>`);
  };
  const deps = {
    caller: { call } as unknown as AwsCaller,
    clock: () => time.now,
    pause: async (ms: number) => {
      time.now += ms;
    },
  };
  return { deps, asked, states, time };
}

const reply = (status: number, text: string): AwsReply => ({ kind: 'reply', status, text });
const error = (code: string) => `<R><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors></R>`;

test('ends all instances of the deployment, page by page, and waits until they are gone', async () => {
  const world = ec2({ 'i-1': 'running', 'i-2': 'stopped', 'i-3': 'pending' });
  expect(await endInstances(world.deps, 'blue')).toBe(3);
  expect(world.states).toEqual({});
  expect(world.asked[0]).toMatchObject({
    Action: 'DescribeInstances',
    'Filter.1.Name': 'tag:mayfly:deployment',
    'Filter.1.Value.1': 'blue',
    'Filter.2.Name': 'instance-state-name',
  });
  const terminations = world.asked.filter(({ Action }) => Action === 'TerminateInstances');
  expect(terminations).toMatchObject([{ 'InstanceId.1': 'i-1', 'InstanceId.2': 'i-2', 'InstanceId.3': 'i-3' }]);
});

test('an instance that comes up late is ended too', async () => {
  const world = ec2({ 'i-1': 'running' });
  const { pause } = world.deps;
  let pauses = 0;
  world.deps.pause = async (ms) => {
    pauses += 1;
    if (pauses === 2) world.states['i-late'] = 'pending';
    await pause(ms);
  };
  expect(await endInstances(world.deps, 'blue')).toBe(2);
  expect(world.states).toEqual({});
});

test('without any instance it looks twice', async () => {
  const world = ec2({});
  expect(await endInstances(world.deps, 'blue')).toBe(0);
  expect(world.asked).toHaveLength(2);
});

test('gives up after 10 minutes and says what is left, and why', async () => {
  const world = ec2({ 'i-1': 'running' }, true);
  await expect(endInstances(world.deps, 'blue')).rejects.toThrow(/MF1506 .*i-1 UnauthorizedOperation no/);
  expect(world.time.now).toBeLessThanOrEqual(600_000);
});
