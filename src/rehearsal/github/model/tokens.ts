import { clocks } from './clocks.ts';
import { type GitHubState, nextSecret, now } from './state.ts';

export interface InstallationToken {
  readonly token: string;
  readonly expiresAt: number;
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of the long form, `ghs_<app>_<JWT>`, good for an hour. */
export function issueToken(state: GitHubState): InstallationToken {
  const issuedAt = now(state);
  const expiresAt = issuedAt + clocks.installationTokenMs;
  forgetExpired(state, issuedAt);
  const { app, installation } = state.options;
  const header = part({ alg: 'RS256', typ: 'JWT' });
  const claims = part({ iss: app.id, sub: installation.id, iat: seconds(issuedAt), exp: seconds(expiresAt) });
  // Not a real signature: nobody but us reads the token.
  const signature = Buffer.from(nextSecret(state, 'token') + nextSecret(state, 'token'), 'hex').toString('base64url');
  const token = `ghs_${app.id}_${header}.${claims}.${signature}`;
  state.tokens.set(token, expiresAt);
  return { token, expiresAt };
}

export const isValidToken = (state: GitHubState, token: string) => (state.tokens.get(token) ?? 0) > now(state);

function forgetExpired(state: GitHubState, at: number): void {
  for (const [token, expiresAt] of state.tokens) if (expiresAt <= at) state.tokens.delete(token);
}

const seconds = (ms: number) => Math.floor(ms / 1000);
