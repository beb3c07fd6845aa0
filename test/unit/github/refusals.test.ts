import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { appKey, startStandIn, statusOf } from './stand-in.ts';

const org = 'octo-org';
const repo = { owner: 'octo-org', repo: 'closed' };
const runners = `/orgs/${org}/actions/runners`;
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT of the App, good for 9 minutes, except for what is given. */
function appJwt(nowMs: number, claims: object = {}, header: object = { alg: 'RS256', typ: 'JWT' }): string {
  const iat = Math.floor(nowMs / 1000) - 30;
  const text = `${encode(header)}.${encode({ iss: 4711, iat, exp: iat + 570, ...claims })}`;
  return `Bearer ${text}.${sign('RSA-SHA256', Buffer.from(text), appKey.privateKey).toString('base64url')}`;
}

test("a key that is not the App's: 401, and no token", async () => {
  const { client } = await startStandIn();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { rest } = client({ privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string });
  expect(await statusOf(rest.actions.listSelfHostedRunnersForOrg({ org }))).toBe(401);
});

test.each([
  ['another App', { iss: 4712 }, 'Integration not found'],
  ['the App as text', { iss: '4711' }, undefined],
  ['expired', { exp: 1_000 }, "'Expiration time' claim ('exp') must be a numeric value"],
  ['good for too long', { exp: 9_999_999_999 }, "'Expiration time' claim ('exp') is too far in the future"],
  ['issued in the future', { iat: 9_999_999_999 }, "'Issued at' claim ('iat') must be an Integer"],
  ['without a time', { exp: undefined }, 'A JSON web token could not be decoded'],
])('a JWT that is %s', async (_, claims, message) => {
  const { request, world } = await startStandIn();
  const reply = await request('GET', '/app', appJwt(world.now, claims));
  expect(reply.status).toBe(message === undefined ? 200 : 401);
  if (message !== undefined) expect(await reply.json()).toMatchObject({ message: expect.stringContaining(message) });
});

test('a JWT whose algorithm is not RS256, whose claims were changed, or that is none', async () => {
  const { request, world } = await startStandIn();
  const good = appJwt(world.now);
  const [header, , signature] = good.split('.');
  const forged = `${header}.${encode({ iss: 4711, iat: 0, exp: Math.floor(world.now / 1000) + 60 })}.${signature}`;
  const bad = [appJwt(world.now, {}, { alg: 'none' }), forged, 'Bearer x', 'Bearer a.b.c', 'Basic eDp5', undefined];
  for (const authorization of bad) expect((await request('GET', '/app', authorization)).status).toBe(401);
  expect((await request('GET', '/app', good)).status).toBe(200);
});

test('a JWT is no installation token, nor the other way round; tokens end after an hour', async () => {
  const { request, world } = await startStandIn();
  const token = `token ${world.model.issueToken().token}`;
  const jwt = appJwt(world.now);
  expect((await request('GET', runners, jwt)).status).toBe(401);
  expect((await request('GET', runners)).status).toBe(401);
  expect((await request('GET', '/app/hook/deliveries', token)).status).toBe(401);
  expect((await request('POST', '/app/installations/99000001/access_tokens', token)).status).toBe(401);
  expect((await request('GET', runners, token)).status).toBe(200);
  world.now += 3_600_000;
  expect((await request('GET', runners, token)).status).toBe(401);
});

test('without a permission: 403, for writing if it may only read', async () => {
  const { client } = await startStandIn({
    installation: {
      id: 99_000_001,
      organization: org,
      permissions: { organization_self_hosted_runners: 'read', actions: 'read' },
    },
  });
  const { actions } = client().rest;
  const wanted = { name: 'r', runner_group_id: 1, labels: ['linux'] };
  expect((await actions.listSelfHostedRunnersForOrg({ org })).status).toBe(200);
  expect(await statusOf(actions.generateRunnerJitconfigForOrg({ org, ...wanted }))).toBe(403);
  expect(await statusOf(actions.listSelfHostedRunnersForRepo(repo))).toBe(403);
  expect(await statusOf(actions.generateRunnerJitconfigForRepo({ ...repo, ...wanted }))).toBe(403);
  expect(await statusOf(actions.cancelWorkflowRun({ ...repo, run_id: 1 }))).toBe(403);
});

test('what is not there: 404', async () => {
  const { client, request } = await startStandIn();
  const { actions } = client().rest;
  const wanted = { name: 'r', runner_group_id: 1, labels: ['linux'] };
  expect(await statusOf(actions.listSelfHostedRunnersForOrg({ org: 'other' }))).toBe(404);
  expect(await statusOf(actions.listRunnerApplicationsForOrg({ org: 'other' }))).toBe(404);
  expect(await statusOf(actions.generateRunnerJitconfigForRepo({ owner: org, repo: 'none', ...wanted }))).toBe(404);
  expect((await request('GET', '/zen')).status).toBe(404);
  expect((await request('GET', '/nothing/like/that')).status).toBe(404);
});

test.each([403, 429] as const)('too many points in a minute: %d with retry-after', async (secondaryStatus) => {
  const { client, world } = await startStandIn({ rateLimits: { pointsPerMinute: 11, secondaryStatus } });
  const { actions, rateLimit } = client().rest;
  const wanted = { org, runner_group_id: 1, labels: ['linux'] };
  await actions.generateRunnerJitconfigForOrg({ ...wanted, name: 'r1' });
  const { headers } = await actions.generateRunnerJitconfigForOrg({ ...wanted, name: 'r2' });
  expect(headers).toMatchObject({
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4998',
    'x-ratelimit-used': '2',
    'x-ratelimit-resource': 'core',
  });
  expect(Number(headers['x-ratelimit-reset']) * 1000).toBeGreaterThan(world.now);
  await expect(actions.generateRunnerJitconfigForOrg({ ...wanted, name: 'r3' })).rejects.toMatchObject({
    status: secondaryStatus,
    response: {
      headers: { 'retry-after': '60' },
      data: { message: expect.stringContaining('secondary rate limit') },
    },
  });
  expect((await rateLimit.get()).data.resources.core).toMatchObject({ used: 2, remaining: 4998 });
  world.now += 60_000;
  expect((await actions.generateRunnerJitconfigForOrg({ ...wanted, name: 'r3' })).status).toBe(201);
});

test('too many requests in an hour: 403 without retry-after, until the reset', async () => {
  const { client, world } = await startStandIn({ rateLimits: { requestsPerHour: 1 } });
  const { actions } = client().rest;
  await actions.listSelfHostedRunnersForOrg({ org });
  await expect(actions.listSelfHostedRunnersForOrg({ org })).rejects.toMatchObject({
    status: 403,
    response: {
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(world.now / 1000) + 3_600) },
      data: { message: expect.stringContaining('API rate limit exceeded') },
    },
  });
});
