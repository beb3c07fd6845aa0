/** The built reconcile bundle: what it logs, whom it asks, and what it does while it is not set up. */
import { expect, test } from 'vitest';
import { credentials, NOT_CONFIGURED, useLaunchWorld } from './launching-test-support.ts';

const world = useLaunchWorld<undefined>('reconcile');

/** As EventBridge's schedule invokes it. */
const run = () => world.invoke({ source: 'aws.events', 'detail-type': 'Scheduled Event' });
const lines = () => world.running.logged().filter(({ event }) => event === 'reconcile');

const { installationId, ...withoutInstallation } = credentials;
const secret = (value: object) => ({ GetSecretValue: { status: 200, body: { SecretString: JSON.stringify(value) } } });

test('one line a run, with its id; settings are read once for many', async () => {
  await world.start();
  expect(await run()).toEqual({});
  expect(await run()).toEqual({});
  expect(lines()).toEqual([
    { event: 'reconcile', run: 'request-1', kind: expect.stringMatching(/^(idle|done)$/), actions: expect.any(Number) },
    { event: 'reconcile', run: 'request-2', kind: expect.stringMatching(/^(idle|done)$/), actions: expect.any(Number) },
  ]);
  expect([world.count('GetParameters'), world.count('GetSecretValue')]).toEqual([1, 1]);
  expect(world.count('Query')).toBeGreaterThan(0);
  expect(world.count('/orgs/acme/installation')).toBe(0);
});

test.each(NOT_CONFIGURED)(
  'not configured (%s): a line with a code, no error, and again the next time',
  async (_, answers) => {
    world.answer(answers);
    await world.start();
    expect([await run(), await run()]).toEqual([{}, {}]);
    const line = { kind: 'failed', reason: 'not-configured', error: expect.stringContaining('MF1006') };
    expect(world.running.logged()).toMatchObject([line, line]);
    expect(JSON.stringify(world.running.logged())).not.toContain('SECRET-TEXT');
    world.answer({});
    await run();
    expect(lines()[2]?.reason).toBeUndefined();
  },
);

test('settings that can not be read now are no error either', async () => {
  world.answer({ GetParameters: { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } } });
  await world.start();
  expect(await run()).toEqual({});
  expect(lines()).toMatchObject([{ kind: 'failed', reason: 'settings-unreadable' }]);
});

test('GitHub says where the App is installed, when the secret does not: asked once an hour', async () => {
  world.answer(secret(withoutInstallation));
  await world.start();
  await run();
  await run();
  expect(lines().map(({ reason }) => reason)).toEqual([undefined, undefined]);
  expect(world.count('/orgs/acme/installation')).toBe(1);
  await world.running.moveClock(3_600_001);
  await run();
  expect(world.count('/orgs/acme/installation')).toBe(2);
  // When GitHub does not say, what it said before holds.
  world.answer({ ...secret(withoutInstallation), '/orgs/acme/installation': { status: 502, body: {} } });
  await world.running.moveClock(3_600_001);
  await run();
  expect(lines().at(-1)?.reason).toBeUndefined();
});

test.each([
  [404, 'github-auth', 'MF1210'],
  [502, 'github-unavailable', 'MF1209'],
])('GitHub answers %i about the installation: %s', async (status, reason, code) => {
  const answer = { status, body: {} };
  const asked = { '/orgs/acme/installation': answer, '/users/acme/installation': answer };
  world.answer({ ...secret(withoutInstallation), ...asked });
  await world.start();
  expect(await run()).toEqual({});
  expect(lines()).toMatchObject([{ kind: 'failed', reason, error: expect.stringContaining(code) }]);
  expect(world.count('Query')).toBe(0);
});

test.each([
  [{ MAYFLY_OWNER: '' }, /MF1006 .*MAYFLY_OWNER/],
  [{ MAYFLY_ALLOWED_FOREIGN_RUNNERS: 'arc-*' }, /MF1006 .*JSON/],
])('with the variable %j nothing starts', async (variables, message) => {
  await expect(world.start(variables)).rejects.toThrow(message);
});
