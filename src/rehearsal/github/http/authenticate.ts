import type { Context, MiddlewareHandler } from 'hono';
import { hasPermission } from '../model/permissions.ts';
import type { Charge } from '../model/rate-limits.ts';
import { now } from '../model/state.ts';
import type { Shell } from './context.ts';
import { fail } from './fail.ts';
import { verifyAppJwt } from './verify-app-jwt.ts';

/** Lets the App itself pass: it signs a JWT. */
export const asApp =
  (shell: Shell): MiddlewareHandler =>
  async (c, next) => {
    const { state } = shell.model;
    const fault = verifyAppJwt(bearer(c), state.options.app.id, shell.appPublicKey, now(state));
    return fault === undefined ? pay(shell, 'app', c, next) : fail(c, 401, fault);
  };

/** Lets the App's installation pass: it has a token. The permission is needed to read or to write, as the method says. */
export const asInstallation =
  (shell: Shell, permission?: string): MiddlewareHandler =>
  async (c, next) => {
    if (!shell.model.isValidToken(bearer(c))) return fail(c, 401, 'Bad credentials');
    const level = c.req.method === 'GET' ? 'read' : 'write';
    if (permission !== undefined && !hasPermission(shell.model.state, permission, level))
      return fail(c, 403, 'Resource not accessible by integration');
    return pay(shell, 'installation', c, next);
  };

async function pay(shell: Shell, caller: 'app' | 'installation', c: Context, next: () => Promise<void>) {
  const charge = shell.model.charge(caller, {
    requests: c.req.path === '/rate_limit' ? 0 : 1,
    points: c.req.method === 'GET' ? 1 : 5,
  });
  setUsageHeaders(c, charge);
  if (charge.kind === 'ok') return next();
  const about = `installation ID ${shell.model.state.options.installation.id}`;
  if (charge.retryAfterS === undefined) return fail(c, charge.status, `API rate limit exceeded for ${about}.`);
  c.header('Retry-After', String(charge.retryAfterS));
  return fail(
    c,
    charge.status,
    'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
  );
}

function setUsageHeaders(c: Context, { usage }: Charge): void {
  c.header('X-RateLimit-Limit', String(usage.limit));
  c.header('X-RateLimit-Remaining', String(usage.remaining));
  c.header('X-RateLimit-Used', String(usage.used));
  c.header('X-RateLimit-Reset', String(usage.resetS));
  c.header('X-RateLimit-Resource', 'core');
}

/** GitHub takes `token` for `bearer`, and octokit sends it. */
const bearer = (c: Context) => /^(?:bearer|token) (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
