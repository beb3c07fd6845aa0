import type { Context, Hono } from 'hono';
import { timeJson } from '../model/json/account-json.ts';
import { permissionsOf } from '../model/permissions.ts';
import { asApp, asInstallation } from './authenticate.ts';
import { idOf, repositoryOf, type Shell } from './context.ts';
import { notFound } from './fail.ts';
import { appJson, installationJson } from './json/app-json.ts';
import { page } from './page.ts';

/** The App, its installation, and the tokens of that. */
export function addAppRoutes(hono: Hono, shell: Shell): void {
  const { model } = shell;
  const { state } = model;
  const app = asApp(shell);

  hono.get('/app', app, (c) => c.json(appJson(state)));

  hono.get('/app/installations', app, (c) => c.json(page(c, [installationJson(state)])));

  hono.post('/app/installations/:id/access_tokens', app, (c) => {
    if (idOf(c, 'id') !== state.options.installation.id) return notFound(c);
    const { token, expiresAt } = model.issueToken();
    const permissions = permissionsOf(state);
    return c.json({ token, expires_at: timeJson(expiresAt), permissions, repository_selection: 'all' }, 201);
  });

  hono.get('/orgs/:org/installation', app, (c) =>
    model.listRunners({ kind: 'organization', organization: c.req.param('org') }) ? found(c) : notFound(c),
  );

  hono.get('/repos/:owner/:repo/installation', app, (c) =>
    model.findRepository(repositoryOf(c)) ? found(c) : notFound(c),
  );

  hono.get('/rate_limit', asInstallation(shell), (c) => {
    const { usage } = model.charge('installation', { requests: 0, points: 0 });
    const core = { limit: usage.limit, used: usage.used, remaining: usage.remaining, reset: usage.resetS };
    const search = { limit: 30, used: 0, remaining: 30, reset: usage.resetS };
    return c.json({ resources: { core, search }, rate: core });
  });

  const found = (c: Context) => c.json(installationJson(state));
}
