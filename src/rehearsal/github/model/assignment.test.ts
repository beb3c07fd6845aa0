import { expect, test } from 'vitest';
import { scriptedRun } from '../../../../test/unit/github/scripted-run.ts';
import { organization, World } from '../../../../test/unit/github/world.ts';

const MINUTE = 60_000;

test('the oldest job goes to the longest-online runner, whichever it was launched for', () => {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'a' }, { key: 'b' }), 'octo-org/closed');
  const forB = world.connect('for-b');
  const forA = world.connect('for-a');
  expect(world.given(forB)).toBe('job a');
  expect(world.given(forA)).toBe('job b');
});

test('a runner that waits takes the next job', () => {
  const world = new World();
  const first = world.connect('first');
  const second = world.connect('second');
  expect(world.given(first)).toBeUndefined();
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  expect([world.given(first), world.given(second)]).toEqual(['job a', undefined]);
});

test('a runner must have every label of the job, in any case', () => {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'a', labels: ['Self-Hosted', 'GPU'] }), 'octo-org/closed');
  expect(world.given(world.connect('without'))).toBeUndefined();
  expect(world.given(world.connect('with', { labels: ['self-hosted', 'linux', 'gpu'] }))).toBe('job a');
});

test("a repository's runner takes jobs of that repository only", () => {
  const world = new World();
  const session = world.connect('r', { repository: 'Octo-Org/Open' });
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  expect(world.given(session)).toBeUndefined();
  world.model.addRun(scriptedRun({ key: 'b' }), 'octo-org/open');
  expect(world.given(session)).toBe('job b');
});

test.each([
  { group: { visibility: 'all', allowsPublicRepositories: false }, admitted: ['closed'] },
  { group: { visibility: 'all', allowsPublicRepositories: true }, admitted: ['closed', 'open'] },
  { group: { visibility: 'private', allowsPublicRepositories: true }, admitted: ['closed'] },
  { group: { visibility: 'selected', allowsPublicRepositories: true }, admitted: ['open'] },
] as const)('a group of $group admits $admitted', ({ group, admitted }) => {
  const world = new World();
  const { id } = world.model.addRunnerGroup({ ...group, name: 'G', selectedRepositories: ['octo-org/OPEN'] });
  const taken = ['closed', 'open'].filter((repository) => {
    const session = world.connect(`for-${repository}`, { groupId: id, labels: [repository] });
    world.model.addRun(scriptedRun({ key: repository, labels: [repository] }), `octo-org/${repository}`);
    return world.given(session) !== undefined;
  });
  expect(taken).toEqual(admitted);
});

test('a job that names a group runs in that group only', () => {
  const world = new World();
  const group = { name: 'Big', visibility: 'all', selectedRepositories: [], allowsPublicRepositories: false } as const;
  const { id } = world.model.addRunnerGroup(group);
  world.model.addRun(scriptedRun({ key: 'a', labels: [], group: 'big' }), 'octo-org/closed');
  expect(world.given(world.connect('default'))).toBeUndefined();
  expect(world.given(world.connect('big', { groupId: id }))).toBe('job a');
});

test('a job that its runner does not take within 60 s goes to another one', () => {
  const world = new World();
  const dead = world.connect('dead');
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  const { job } = world.model.poll(dead) as { job: { id: string } };
  const alive = world.connect('alive');
  world.wait(MINUTE - 1);
  expect(world.given(alive)).toBeUndefined();
  world.wait(1);
  expect(world.given(alive)).toBe('job a');
  expect(world.model.acquire(dead, job.id)).toEqual({ kind: 'gone' });
  expect(world.jobStory()).toEqual(['queued a', 'requeued a dead']);
});

test('a runner that missed a job gets the next one only after it polled again', () => {
  const world = new World();
  const slow = world.connect('slow');
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  world.wait(MINUTE);
  expect(world.model.findRunner(organization, 21)?.job).toBeUndefined();
  world.model.poll(slow);
  expect(world.given(slow)).toBe('job a');
});

test('a runner that was silent for 100 s is offline and gets no job; its next poll brings it back', () => {
  const world = new World();
  const session = world.connect('r');
  world.wait(100_000);
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  expect(world.runnerStory()).toEqual(['r registered', 'r online', 'r offline']);
  world.model.poll(session);
  expect(world.given(session)).toBe('job a');
});
