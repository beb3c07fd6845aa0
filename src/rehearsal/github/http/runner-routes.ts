import type { Context, Hono } from 'hono';
import * as v from 'valibot';
import { asInstallation } from './authenticate.ts';
import { idOf, type Shell, scopeOf } from './context.ts';
import { fail, notFound } from './fail.ts';
import { JitConfigRequest } from './jit-config-request.ts';
import { runnerGroupJson, runnerJson } from './json/runner-json.ts';
import { page } from './page.ts';

/** Runners of the organisation and of its repositories: the same routes under two prefixes. */
export function addRunnerRoutes(hono: Hono, shell: Shell): void {
  for (const [prefix, permission] of [
    ['/orgs/:org', 'organization_self_hosted_runners'],
    ['/repos/:owner/:repo', 'administration'],
  ] as const) {
    const runners = `${prefix}/actions/runners`;
    hono.use(runners, asInstallation(shell, permission));
    hono.use(`${runners}/:id`, asInstallation(shell, permission));
    hono.post(`${runners}/generate-jitconfig`, (c) => createJitConfig(c, shell));
    hono.get(runners, (c) => list(c, shell));
    hono.get(`${runners}/:id{[0-9]+}`, (c) => {
      const runner = shell.model.findRunner(scopeOf(c), idOf(c, 'id'));
      return runner ? c.json(runnerJson(runner)) : notFound(c);
    });
    hono.delete(`${runners}/:id{[0-9]+}`, (c) => remove(c, shell));
  }
  addGroupRoutes(hono, shell);
}

async function createJitConfig(c: Context, { model }: Shell) {
  const body = await c.req.json<unknown>().catch(() => undefined);
  if (body === undefined) return fail(c, 400, 'Problems parsing JSON');
  const request = v.safeParse(JitConfigRequest, body);
  if (!request.success) return fail(c, 422, `Invalid request.\n\n${request.issues.map(wordsOf).join('\n')}`);
  const { name, runner_group_id: runnerGroupId, labels, work_folder: workFolder } = request.output;
  const outcome = model.createJitConfig(scopeOf(c), { name, runnerGroupId, labels, workFolder });
  switch (outcome.kind) {
    case 'ok':
      return c.json({ runner: runnerJson(outcome.runner), encoded_jit_config: outcome.encodedJitConfig }, 201);
    case 'name-taken':
      return fail(c, 409, `Already exists - A runner with the name ${name} already exists.`);
    case 'not-found':
      return notFound(c);
  }
}

function wordsOf(issue: v.BaseIssue<unknown>): string {
  const where = v.getDotPath(issue) ?? 'The body';
  return issue.input === undefined ? `"${where}" wasn't supplied.` : `"${where}": ${issue.message}.`;
}

function list(c: Context, { model }: Shell) {
  const runners = model.listRunners(scopeOf(c), c.req.query('name'));
  if (!runners) return notFound(c);
  return c.json({ total_count: runners.length, runners: page(c, runners).map(runnerJson) });
}

function remove(c: Context, { model }: Shell) {
  switch (model.deleteRunner(scopeOf(c), idOf(c, 'id'))) {
    case 'deleted':
      return c.body(null, 204);
    case 'busy':
      return fail(c, 422, `Bad request - Runner ${c.req.param('id')} is still running a job`);
    case 'gone':
      return notFound(c);
  }
}

function addGroupRoutes(hono: Hono, shell: Shell): void {
  const { model } = shell;
  const groups = '/orgs/:org/actions/runner-groups';
  const isOurs = (c: Context) => model.listRunners(scopeOf(c)) !== undefined;
  hono.use(`${groups}/*`, asInstallation(shell, 'organization_self_hosted_runners'));
  hono.get(groups, (c) => {
    if (!isOurs(c)) return notFound(c);
    const all = [...model.state.groups.values()];
    const shown = page(c, all).map((group) => runnerGroupJson(model.state, group));
    return c.json({ total_count: all.length, runner_groups: shown });
  });
  hono.get(`${groups}/:id`, (c) => {
    const group = isOurs(c) ? model.state.groups.get(idOf(c, 'id')) : undefined;
    return group ? c.json(runnerGroupJson(model.state, group)) : notFound(c);
  });
}
