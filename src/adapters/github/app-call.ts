/** A request in the name of the App itself, with its JWT. */
import type { GitHubFailure } from '../../core/ports.ts';
import type { AppAuth } from './app-auth.ts';
import type { GitHubReply, GitHubRequest, Send } from './client.ts';

export type AppCall = (request: GitHubRequest) => Promise<GitHubReply | GitHubFailure>;

export const createAppCall =
  (auth: AppAuth, send: Send): AppCall =>
  async (request) => {
    const jwt = auth.jwt();
    return jwt.kind === 'ok' ? send(request, jwt.token) : jwt;
  };
