import type { GitHubFailure } from '../../../core/ports.ts';
import type { GitHubModel } from '../model/model.ts';
import { hasPermission } from '../model/permissions.ts';
import { now } from '../model/state.ts';

/** What the request does. A read costs 1 point, a write 5. */
export type Access = 'read' | 'write';

/** Why GitHub refuses the installation this request; nothing when it may make it, and has paid for it. */
export function admitInstallation(
  model: GitHubModel,
  installationId: number,
  permission: string,
  access: Access,
): GitHubFailure | undefined {
  if (installationId !== model.state.options.installation.id) return { kind: 'auth', detail: 'no such installation' };
  if (!hasPermission(model.state, permission, access))
    return { kind: 'auth', detail: `no permission: ${permission}: ${access}` };
  return pay(model, 'installation', access);
}

export const admitApp = (model: GitHubModel, access: Access) => pay(model, 'app', access);

function pay(model: GitHubModel, caller: 'app' | 'installation', access: Access): GitHubFailure | undefined {
  const charge = model.charge(caller, { requests: 1, points: access === 'read' ? 1 : 5 });
  if (charge.kind === 'ok') return undefined;
  const { usage, retryAfterS } = charge;
  const retryAfterMs =
    retryAfterS === undefined ? Math.max(0, usage.resetS * 1_000 - now(model.state)) : retryAfterS * 1_000;
  return { kind: 'throttled', retryAfterMs, detail: 'rate limit' };
}

/** GitHub's times have no milliseconds. */
export const wholeSeconds = (ms: number) => Math.floor(ms / 1_000) * 1_000;
