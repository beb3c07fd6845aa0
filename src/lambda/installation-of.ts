/** Where the App is installed: as its credentials say, else as GitHub says, which is asked once an hour. */
import { type Expiring, expiring } from '../adapters/expiring.ts';
import { CodedError } from '../core/codes.ts';
import type { App } from './app-of.ts';

const LIFE_MS = 60 * 60_000;

/** What it returns throws a CodedError `github-...` when GitHub does not say. */
export function installationOn(owner: string): (app: App) => Promise<number> {
  const asked = new WeakMap<App, Expiring<number>>();
  return async (app) => {
    if (app.credentials.installationId !== undefined) return app.credentials.installationId;
    const answer = asked.get(app) ?? expiring({ read: () => ask(app, owner), lifeMs: LIFE_MS, clock: Date.now });
    asked.set(app, answer);
    return answer.get();
  };
}

async function ask(app: App, owner: string): Promise<number> {
  const found = await app.findInstallation(owner);
  if (found.kind === 'ok') return found.installationId;
  throw new CodedError(`github-${found.kind}`, found.detail);
}
