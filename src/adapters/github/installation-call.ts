/** A request in the name of an installation. A token that GitHub refuses is replaced once. */
import type { Clock, GitHubFailure } from '../../core/ports.ts';
import type { AppAuth } from './app-auth.ts';
import { failureOf } from './classify.ts';
import type { GitHubReply, GitHubRequest, Send } from './client.ts';

export type InstallationCall = (installationId: number, request: GitHubRequest) => Promise<GitHubReply | GitHubFailure>;

/** What the verbs need: how to ask, and the time for waits that GitHub gives as a date. */
export interface GitHubAccess {
  readonly call: InstallationCall;
  readonly clock: Clock;
}

export function createInstallationCall(auth: AppAuth, send: Send, clock: Clock): InstallationCall {
  async function attempt(installationId: number, request: GitHubRequest) {
    const token = await auth.token(installationId);
    if (token.kind !== 'ok') return { outcome: token, refused: false };
    const outcome = await send(request, token.token);
    const refused = outcome.kind === 'reply' && outcome.status === 401;
    if (refused) auth.forget(installationId, token.token);
    return { outcome, refused };
  }

  return async (installationId, request) => {
    const first = await attempt(installationId, request);
    // A refused request did nothing, so that even the JIT request may be sent again.
    const { outcome } = first.refused ? await attempt(installationId, request) : first;
    if (outcome.kind === 'reply' && outcome.status === 401) return failureOf(request, outcome, clock());
    return outcome;
  };
}
