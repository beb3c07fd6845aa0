import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { scriptedRun } from './scripted-run.ts';
import { startStandIn, statusOf } from './stand-in.ts';

const org = 'octo-org';
const repo = { owner: 'octo-org', repo: 'closed' };
const linux = { runner_group_id: 1, labels: ['self-hosted', 'linux', 'gpu'] };

test('JWT, installation token, JIT config, list, get, delete: at the level of the organisation', async () => {
  const { client, world } = await startStandIn();
  const { actions } = client().rest;
  const { data: made, status } = await actions.generateRunnerJitconfigForOrg({ org, name: 'r', ...linux });
  expect(status).toBe(201);
  expect(made.runner).toMatchObject({ name: 'r', os: 'unknown', status: 'offline', busy: false, version: null });
  expect(made.runner.labels.map(({ name, type }) => [name, type])).toEqual([
    ['self-hosted', 'read-only'],
    ['linux', 'read-only'],
    ['gpu', 'custom'],
  ]);
  expect((await actions.listSelfHostedRunnersForOrg({ org })).data).toEqual({ total_count: 1, runners: [made.runner] });
  const runner = world.model.state.runners.get(made.runner.id);
  if (!runner) throw new Error('not registered');
  world.reconnect(runner);
  const one = { org, runner_id: made.runner.id };
  expect((await actions.getSelfHostedRunnerForOrg(one)).data).toMatchObject({
    status: 'online',
    os: 'Linux',
    version: '2.336.0',
    ephemeral: true,
    runner_group_id: 1,
  });
  expect((await actions.deleteSelfHostedRunnerFromOrg(one)).status).toBe(204);
  expect(await statusOf(actions.deleteSelfHostedRunnerFromOrg(one))).toBe(404);
  expect(await statusOf(actions.getSelfHostedRunnerForOrg(one))).toBe(404);
});

test('the same at the level of a repository, apart from the organisation', async () => {
  const { client } = await startStandIn();
  const { actions } = client().rest;
  const { data } = await actions.generateRunnerJitconfigForRepo({ ...repo, name: 'r', ...linux, work_folder: 'w' });
  const one = { ...repo, runner_id: data.runner.id };
  expect((await actions.listSelfHostedRunnersForOrg({ org })).data.total_count).toBe(0);
  expect((await actions.listSelfHostedRunnersForRepo(repo)).data.total_count).toBe(1);
  expect((await actions.getSelfHostedRunnerForRepo(one)).data.name).toBe('r');
  expect(await statusOf(actions.getSelfHostedRunnerForOrg({ org, runner_id: data.runner.id }))).toBe(404);
  expect((await actions.deleteSelfHostedRunnerFromRepo(one)).status).toBe(204);
});

test('JIT configs that GitHub refuses: 409 name, 404 group, 422 for what is missing or malformed', async () => {
  const { client, request, world } = await startStandIn();
  const { actions } = client().rest;
  const wanted = { org, name: 'r', ...linux };
  await actions.generateRunnerJitconfigForOrg(wanted);
  await expect(actions.generateRunnerJitconfigForOrg(wanted)).rejects.toMatchObject({
    status: 409,
    response: { data: { message: 'Already exists - A runner with the name r already exists.' } },
  });
  expect(await statusOf(actions.generateRunnerJitconfigForOrg({ ...wanted, name: 's', runner_group_id: 7 }))).toBe(404);
  const bad = [
    { name: 's', labels: ['linux'] },
    { ...wanted, name: '' },
    { ...wanted, labels: [] },
    { ...wanted, labels: [7] },
    [],
  ];
  const path = `/orgs/${org}/actions/runners/generate-jitconfig`;
  const authorization = `token ${world.model.issueToken().token}`;
  for (const body of bad) expect((await request('POST', path, authorization, body)).status).toBe(422);
  expect(await (await request('POST', path, authorization, bad[0])).json()).toMatchObject({
    message: expect.stringContaining(`"runner_group_id" wasn't supplied.`),
  });
  expect((await request('POST', path, authorization)).status).toBe(400);
});

test('a runner that has a job can not be deleted', async () => {
  const { client, world } = await startStandIn();
  const { actions } = client().rest;
  const { data } = await actions.generateRunnerJitconfigForOrg({ org, name: 'r', ...linux });
  const runner = world.model.state.runners.get(data.runner.id);
  if (!runner) throw new Error('not registered');
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  world.take(world.reconnect(runner));
  await expect(actions.deleteSelfHostedRunnerFromOrg({ org, runner_id: runner.id })).rejects.toMatchObject({
    status: 422,
    response: { data: { message: expect.stringContaining('still running a job') } },
  });
});

test('runners are paged, with links that octokit can follow, and found by name', async () => {
  const { client, world } = await startStandIn();
  for (let i = 0; i < 5; i++) world.register(`r${i}`);
  const octokit = client();
  const list = octokit.rest.actions.listSelfHostedRunnersForOrg;
  const names: string[] = [];
  let page = 1;
  for (let hasNext = true; hasNext; page++) {
    const { data, headers } = await list({ org, per_page: 2, page });
    expect(data.total_count).toBe(5);
    names.push(...data.runners.map(({ name }) => name));
    hasNext = headers.link?.includes('rel="next"') ?? false;
  }
  expect([names, page]).toEqual([['r0', 'r1', 'r2', 'r3', 'r4'], 4]);
  expect((await list({ org, name: 'r3' })).data.runners.map(({ name }) => name)).toEqual(['r3']);
  expect((await list({ org, name: 'r' })).data).toEqual({ total_count: 0, runners: [] });
});

test('runner groups', async () => {
  const { client, world } = await startStandIn();
  const { id } = world.model.addRunnerGroup({
    name: 'Some',
    visibility: 'selected',
    selectedRepositories: ['octo-org/closed'],
    allowsPublicRepositories: true,
  });
  const octokit = client();
  const list = 'GET /orgs/{org}/actions/runner-groups';
  const get = 'GET /orgs/{org}/actions/runner-groups/{runner_group_id}';
  const { data } = await octokit.request(list, { org });
  expect(data.runner_groups.map((group) => [group.id, group.name, group.default])).toEqual([
    [1, 'Default', true],
    [2, 'Some', false],
  ]);
  const one = await octokit.request(get, { org, runner_group_id: id });
  expect(one.data).toMatchObject({ visibility: 'selected', allows_public_repositories: true });
  expect(await statusOf(octokit.request(get, { org, runner_group_id: 9 }))).toBe(404);
  expect(await statusOf(octokit.request(list, { org: 'other' }))).toBe(404);
});

test('runner packages are offered with their sha256, and served', async () => {
  const { client, request, server } = await startStandIn();
  const { actions } = client().rest;
  const { data } = await actions.listRunnerApplicationsForOrg({ org });
  expect((await actions.listRunnerApplicationsForRepo(repo)).data).toEqual(data);
  expect(data.map(({ os, architecture }) => `${os} ${architecture}`)).toEqual(['linux x64', 'linux arm64', 'win x64']);
  for (const offered of data) {
    expect(offered.download_url.startsWith(server.url)).toBe(true);
    const reply = await request('GET', new URL(offered.download_url).pathname);
    const bytes = Buffer.from(await reply.arrayBuffer());
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(offered.sha256_checksum);
  }
  expect((await request('GET', '/actions/runner/releases/download/v2.336.0/other.tar.gz')).status).toBe(404);
});

test('runs and jobs, through their life', async () => {
  const { client, world } = await startStandIn();
  const { actions } = client().rest;
  const { id: run_id } = world.model.addRun(
    scriptedRun({ key: 'a', steps: 2 }, { key: 'b', needs: 'a' }),
    'octo-org/closed',
  );
  const run = { ...repo, run_id };
  const jobs = async () => (await actions.listJobsForWorkflowRun(run)).data.jobs;
  const [queued] = await jobs();
  expect(queued).toMatchObject({ status: 'queued', runner_id: null, conclusion: null });
  expect((await actions.listWorkflowRunsForRepo({ ...repo, status: 'queued' })).data.total_count).toBe(1);
  const session = world.connect('r');
  const id = world.take(session);
  world.model.nextStep(session, id);
  const one = { ...repo, job_id: Number(id) };
  expect((await actions.getJobForWorkflowRun(one)).data).toMatchObject({ status: 'in_progress', runner_name: 'r' });
  expect((await actions.getWorkflowRun(run)).data).toMatchObject({ status: 'in_progress', conclusion: null });
  world.model.finishStep(session, id, { exitCode: 1, envFile: '', outputFile: '', pathFile: '' });
  world.model.finishJob(session, id, 'ran');
  expect((await jobs()).map(({ name, conclusion }) => [name, conclusion])).toEqual([
    ['job a', 'failure'],
    ['job b', 'skipped'],
  ]);
  expect((await actions.getWorkflowRun(run)).data).toMatchObject({ status: 'completed', conclusion: 'failure' });
  expect((await actions.listWorkflowRunsForRepo({ ...repo, status: 'queued' })).data.total_count).toBe(0);
  expect((await actions.listWorkflowRunsForRepo({ ...repo, status: 'failure' })).data.total_count).toBe(1);
  expect(await statusOf(actions.getJobForWorkflowRun({ ...one, repo: 'open' }))).toBe(404);
  expect(await statusOf(actions.getWorkflowRun({ ...run, run_id: 1 }))).toBe(404);
  expect(await statusOf(actions.listJobsForWorkflowRun({ ...run, run_id: 1 }))).toBe(404);
  expect(await statusOf(actions.listWorkflowRunsForRepo({ ...repo, repo: 'none' }))).toBe(404);
});

test('a job run again is a new one of the next attempt; not before its run is over', async () => {
  const { client, world } = await startStandIn();
  const { actions } = client().rest;
  const { id: run_id } = world.model.addRun(
    scriptedRun({ key: 'a' }, { key: 'b', needs: 'a' }, { key: 'c', needs: 'b' }),
    'octo-org/closed',
  );
  const run = { ...repo, run_id };
  const jobs = async (filter: 'latest' | 'all') =>
    (await actions.listJobsForWorkflowRun({ ...run, filter })).data.jobs.map((job) => [
      job.name,
      job.run_attempt,
      job.conclusion ?? job.status,
    ]);
  const [a] = (await actions.listJobsForWorkflowRun(run)).data.jobs;
  await expect(actions.reRunJobForWorkflowRun({ ...repo, job_id: a?.id ?? 0 })).rejects.toMatchObject({
    status: 403,
    response: { data: { message: 'The workflow run containing this job is already running' } },
  });
  const works = (name: string, exitCode: number) => {
    const session = world.connect(name);
    world.work(session, world.take(session), exitCode);
  };
  works('r1', 0);
  works('r2', 1);
  const b = world.model.state.runs.get(run_id)?.jobs.get('b')?.id ?? 0;
  expect((await actions.getWorkflowRun(run)).data).toMatchObject({ conclusion: 'failure', previous_attempt_url: null });
  world.wait(5_000);
  expect((await actions.reRunJobForWorkflowRun({ ...repo, job_id: b })).status).toBe(201);
  const { data } = await actions.getWorkflowRun(run);
  expect(data).toMatchObject({ run_attempt: 2, conclusion: null, status: 'in_progress' });
  expect(data.previous_attempt_url).toMatch(/\/attempts\/1$/);
  expect(Date.parse(data.run_started_at ?? '') - Date.parse(data.created_at)).toBe(5_000);
  works('r3', 0);
  works('r4', 0);
  expect(await jobs('latest')).toEqual([
    ['job a', 1, 'success'],
    ['job b', 2, 'success'],
    ['job c', 2, 'success'],
  ]);
  expect(await jobs('all')).toEqual([
    ['job a', 1, 'success'],
    ['job b', 1, 'failure'],
    ['job c', 1, 'skipped'],
    ['job b', 2, 'success'],
    ['job c', 2, 'success'],
  ]);
  expect((await actions.getWorkflowRun(run)).data.conclusion).toBe('success');
  expect(await statusOf(actions.reRunJobForWorkflowRun({ ...repo, job_id: 1 }))).toBe(404);
});

test('what failed beside a job that is run again still fails the run', async () => {
  const { client, world } = await startStandIn();
  const { actions } = client().rest;
  const { id: run_id } = world.model.addRun(scriptedRun({ key: 'a' }, { key: 'b' }), 'octo-org/closed');
  const work = (name: string, exitCode: number) => {
    const session = world.connect(name);
    const id = world.take(session);
    world.work(session, id, exitCode);
    return Number(id);
  };
  work('r1', 1);
  const job_id = work('r2', 1);
  await actions.reRunJobForWorkflowRun({ ...repo, job_id });
  work('r3', 0);
  expect((await actions.getWorkflowRun({ ...repo, run_id })).data).toMatchObject({
    run_attempt: 2,
    conclusion: 'failure',
  });
});

test('cancelling a run', async () => {
  const { client, world } = await startStandIn();
  const { actions } = client().rest;
  const { id: run_id } = world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  const run = { ...repo, run_id };
  expect((await actions.cancelWorkflowRun(run)).status).toBe(202);
  expect((await actions.getWorkflowRun(run)).data.conclusion).toBe('cancelled');
  expect(await statusOf(actions.cancelWorkflowRun(run))).toBe(409);
  expect(await statusOf(actions.cancelWorkflowRun({ ...run, run_id: 1 }))).toBe(404);
});

test('the App and its installation', async () => {
  const { appClient, world } = await startStandIn();
  const { apps } = appClient().rest;
  expect((await apps.getAuthenticated()).data).toMatchObject({ id: 4711, slug: 'mayfly-test' });
  const { data: all } = await apps.listInstallations();
  const { data: ofOrg } = await apps.getOrgInstallation({ org });
  expect(all).toEqual([ofOrg]);
  expect((await apps.getRepoInstallation(repo)).data).toEqual(ofOrg);
  expect(ofOrg).toMatchObject({ id: 99_000_001, account: { login: org, type: 'Organization' } });
  expect(await statusOf(apps.getOrgInstallation({ org: 'other' }))).toBe(404);
  expect(await statusOf(apps.getRepoInstallation({ ...repo, repo: 'none' }))).toBe(404);
  const { data: token } = await apps.createInstallationAccessToken({ installation_id: ofOrg.id });
  expect(Date.parse(token.expires_at) - world.now).toBeGreaterThan(3_590_000);
  expect(await statusOf(apps.createInstallationAccessToken({ installation_id: 1 }))).toBe(404);
});
