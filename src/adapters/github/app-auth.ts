/** Installation tokens of the App: each is made once and kept until shortly before it expires. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Clock, GitHubFailure } from '../../core/ports.ts';
import { signAppJwt } from './app-jwt.ts';
import { failureOf, unreadable } from './classify.ts';
import type { GitHubRequest, Send } from './client.ts';

export type TokenOutcome = { readonly kind: 'ok'; readonly token: string } | GitHubFailure;

export interface AppAuth {
  /** With which the App speaks for itself, for some minutes. `auth`: its key is unusable. */
  jwt(): TokenOutcome;
  /** Callers at the same time share one request. A failure is never kept. */
  token(installationId: number): Promise<TokenOutcome>;
  /** GitHub refused this token: the next `token` makes a new one. */
  forget(installationId: number, token: string): void;
}

export interface AppAuthOptions {
  /** The App's id or its client id. */
  readonly appId: string;
  /** PEM, PKCS#1 (as GitHub gives it) or PKCS#8. */
  readonly privateKey: string;
  readonly clock: Clock;
  readonly send: Send;
}

/** A token is not used in its last minutes, so that none expires on its way. GitHub's live for an hour. */
const MARGIN_MS = 5 * 60_000;

interface Kept {
  readonly token: string;
  readonly until: number;
}

export function createAppAuth(options: AppAuthOptions): AppAuth {
  const kept = new Map<number, Kept>();
  const underWay = new Map<number, Promise<TokenOutcome>>();
  const key = readKey(options.privateKey);

  function jwt(): TokenOutcome {
    if (key === undefined) return { kind: 'auth', detail: 'the private key of the App is no RSA key in PEM form' };
    return { kind: 'ok', token: signAppJwt(options.appId, key, options.clock()) };
  }

  async function make(installationId: number): Promise<TokenOutcome> {
    const signed = jwt();
    if (signed.kind !== 'ok') return signed;
    const made = await mint(options, signed.token, installationId);
    if (made.kind !== 'ok') return made;
    kept.set(installationId, { token: made.token, until: made.expiresAt - MARGIN_MS });
    return { kind: 'ok', token: made.token };
  }

  function start(installationId: number): Promise<TokenOutcome> {
    const started = make(installationId).finally(() => underWay.delete(installationId));
    underWay.set(installationId, started);
    return started;
  }

  return {
    jwt,
    async token(installationId) {
      const known = kept.get(installationId);
      if (known !== undefined && options.clock() < known.until) return { kind: 'ok', token: known.token };
      return underWay.get(installationId) ?? start(installationId);
    },
    forget(installationId, token) {
      if (kept.get(installationId)?.token === token) kept.delete(installationId);
    },
  };
}

type Minted = { readonly kind: 'ok'; readonly token: string; readonly expiresAt: number } | GitHubFailure;

async function mint({ clock, send }: AppAuthOptions, jwt: string, installationId: number): Promise<Minted> {
  const path = `/app/installations/${installationId}/access_tokens`;
  const request: GitHubRequest = { method: 'POST', path, repeatable: true };
  const reply = await send(request, jwt);
  if (reply.kind !== 'reply') return reply;
  if (reply.status !== 201) return failureOf(request, reply, clock());
  const { token, expires_at } = (reply.body ?? {}) as { token?: unknown; expires_at?: unknown };
  const expiresAt = Date.parse(String(expires_at));
  if (typeof token !== 'string' || token === '' || Number.isNaN(expiresAt)) return unreadable(request, reply);
  return { kind: 'ok', token, expiresAt };
}

function readKey(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}
