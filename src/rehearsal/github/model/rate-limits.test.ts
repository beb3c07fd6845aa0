import { expect, test } from 'vitest';
import { World } from '../../../../test/unit/github/world.ts';

const write = { requests: 1, points: 5 };
const read = { requests: 1, points: 1 };

test('180 writes a minute, as GitHub counts them, then wait for the minute to end', () => {
  const world = new World();
  for (let i = 0; i < 180; i++) expect(world.model.charge('installation', write).kind).toBe('ok');
  world.now += 20_000;
  expect(world.model.charge('installation', read)).toMatchObject({ kind: 'limited', status: 403, retryAfterS: 40 });
  expect(world.model.charge('app', read).kind).toBe('ok');
  world.now += 40_000;
  expect(world.model.charge('installation', read).kind).toBe('ok');
});

test('the hour is counted in requests, and what was refused does not count', () => {
  const world = new World({ rateLimits: { requestsPerHour: 2, secondaryStatus: 429 } });
  world.model.charge('installation', read);
  expect(world.model.charge('installation', read)).toMatchObject({ usage: { limit: 2, used: 2, remaining: 0 } });
  const refused = world.model.charge('installation', read);
  expect(refused).toMatchObject({ kind: 'limited', status: 403, usage: { used: 2 } });
  expect(refused).not.toHaveProperty('retryAfterS');
  world.now = refused.usage.resetS * 1000;
  expect(world.model.charge('installation', read).kind).toBe('ok');
});

test('a token is long, and good for an hour', () => {
  const world = new World();
  const { token } = world.model.issueToken();
  expect(token).toMatch(/^ghs_4711_ey/);
  expect(token.length).toBeGreaterThan(200);
  world.now += 3_600_000 - 1;
  expect(world.model.isValidToken(token)).toBe(true);
  world.now += 1;
  expect(world.model.isValidToken(token)).toBe(false);
  world.model.issueToken();
  expect(world.model.state.tokens.size).toBe(1);
});
