import { expect, test } from 'vitest';
import { scriptedRun } from '../../../../test/unit/github/scripted-run.ts';
import { organization, World } from '../../../../test/unit/github/world.ts';
import { createRunnerKey } from '../create-runner-key.ts';

const DAY = 24 * 60 * 60_000;
const wanted = { name: 'r', runnerGroupId: 1, labels: ['linux'] };

test('a runner is "unknown" and without a version until it connects, and has one session at a time', () => {
  const world = new World();
  const runner = world.register('r', { labels: ['windows'] });
  expect(runner).toMatchObject({ os: 'unknown', online: false });
  expect(runner.version).toBeUndefined();
  const session = world.reconnect(runner);
  expect(runner).toMatchObject({ os: 'Windows', online: true, version: '2.336.0' });
  expect(world.model.connect(runner.clientId, '2.336.0')).toEqual({ kind: 'conflict' });
  world.model.disconnect(session);
  expect(runner.online).toBe(false);
  expect(world.model.poll(session)).toEqual({ kind: 'deleted' });
  expect(world.model.connect(runner.clientId, '2.336.0').kind).toBe('ok');
});

test('names are taken per level, whatever the case, until the record is gone', () => {
  const world = new World();
  const runner = world.register('r');
  expect(world.model.createJitConfig(organization, { ...wanted, name: 'R' })).toEqual({ kind: 'name-taken' });
  world.register('r', { repository: 'octo-org/open' });
  expect(world.model.deleteRunner(organization, runner.id)).toBe('deleted');
  expect(world.model.createJitConfig(organization, wanted).kind).toBe('ok');
});

test('an unknown group, organisation or repository is not found', () => {
  const { model } = new World();
  const { id } = model.addRunnerGroup({
    name: 'G',
    visibility: 'all',
    selectedRepositories: [],
    allowsPublicRepositories: false,
  });
  const repository = { kind: 'repository', repository: 'octo-org/open' } as const;
  const notFound = { kind: 'not-found' };
  expect(model.createJitConfig(organization, { ...wanted, runnerGroupId: 7 })).toEqual(notFound);
  expect(model.createJitConfig({ kind: 'organization', organization: 'other' }, wanted)).toEqual(notFound);
  expect(model.createJitConfig({ ...repository, repository: 'octo-org/none' }, wanted)).toEqual(notFound);
  // The organisation's groups are not the repository's.
  expect(model.createJitConfig(repository, { ...wanted, runnerGroupId: id })).toEqual(notFound);
  expect(model.createJitConfig(organization, { ...wanted, runnerGroupId: id }).kind).toBe('ok');
});

test('delete: idle is deleted, assigned and running are busy, unknown and foreign are gone', () => {
  const world = new World();
  const runner = world.register('r');
  const session = world.reconnect(runner);
  const repository = { kind: 'repository', repository: 'octo-org/closed' } as const;
  expect(world.model.deleteRunner(repository, runner.id)).toBe('gone');
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  expect(runner.busy).toBe(false);
  expect(world.model.deleteRunner(organization, runner.id)).toBe('busy');
  const job = world.take(session);
  expect(runner.busy).toBe(true);
  expect(world.model.deleteRunner(organization, runner.id)).toBe('busy');
  world.work(session, job);
  expect(world.model.deleteRunner(organization, runner.id)).toBe('gone');
  const idle = world.register('idle');
  const idleSession = world.reconnect(idle);
  expect(world.model.deleteRunner(organization, idle.id)).toBe('deleted');
  expect(world.model.poll(idleSession)).toEqual({ kind: 'deleted' });
  expect(world.model.connect(idle.clientId, '2.336.0')).toEqual({ kind: 'deleted' });
});

test('a runner that never connected, or left without a job, stays listed for a day', () => {
  const world = new World();
  world.register('never');
  world.wait(DAY / 2);
  world.model.disconnect(world.connect('left'));
  const polling = world.connect('polling');
  world.wait(DAY / 2 - 1);
  expect(world.runnerNames()).toEqual(['never', 'left', 'polling']);
  world.wait(1);
  expect(world.runnerNames()).toEqual(['left', 'polling']);
  world.model.poll(polling);
  world.wait(DAY / 2);
  expect(world.runnerNames()).toEqual(['polling']);
});

test('the JIT config has the three files of a real one, and about its size', () => {
  const runnerKey = createRunnerKey();
  const { model } = new World({ runnerKey, origin: 'http://127.0.0.1:1234' });
  const outcome = model.createJitConfig(organization, { ...wanted, name: 'mf-abcdef12-55200000001-1' });
  if (outcome.kind !== 'ok') throw new Error(outcome.kind);
  const { encodedJitConfig, runner } = outcome;
  expect(encodedJitConfig.length).toBeGreaterThan(4_000);
  expect(encodedJitConfig.length).toBeLessThan(4_700);
  const decode = (text: string) => JSON.parse(Buffer.from(text, 'base64').toString());
  const files = decode(encodedJitConfig);
  expect(Object.keys(files)).toEqual(['.runner', '.credentials', '.credentials_rsaparams']);
  expect(decode(files['.runner'])).toMatchObject({
    AgentId: String(runner.id),
    AgentName: runner.name,
    Ephemeral: 'True',
    WorkFolder: '_work',
    ServerUrl: 'http://127.0.0.1:1234/_runner',
  });
  expect(decode(files['.credentials']).Data.clientId).toBe(runner.clientId);
  expect(Object.keys(decode(files['.credentials_rsaparams']))).toHaveLength(8);
});

test('a repository of that name can not be added twice, and a run needs its repository', () => {
  const { model } = new World();
  expect(() => model.addRepository({ name: 'Open', private: true })).toThrow('added before');
  expect(() => model.addRun(scriptedRun({ key: 'a' }), 'octo-org/none')).toThrow('no repository');
});
