/**
 * What a refusal of GitHub means to us.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
 */
import type { GitHubFailure } from '../../core/ports.ts';
import type { GitHubReply, GitHubRequest } from './client.ts';

const MOST_WORDS = 300;

/** For any status that the caller has no own meaning for. */
export function failureOf(request: GitHubRequest, reply: GitHubReply, now: number): GitHubFailure {
  const { status } = reply;
  const detail = describe(request, reply);
  if (status === 429 || (status === 403 && isRateLimit(reply))) {
    const retryAfterMs = retryAfter(reply, now);
    return retryAfterMs === undefined ? { kind: 'throttled', detail } : { kind: 'throttled', retryAfterMs, detail };
  }
  // 404: GitHub hides what a token may not see, so a missing installation or permission looks like this as well.
  if (status === 401 || status === 403 || status === 404) return { kind: 'auth', detail };
  if (status === 408 || status >= 500) return { kind: 'unavailable', detail };
  return { kind: 'refused', detail };
}

/** The status was right, but the body lacks what we need. */
export const unreadable = (request: GitHubRequest, reply: GitHubReply): GitHubFailure => ({
  kind: 'unavailable',
  detail: `${request.method} ${request.path}: ${reply.status}, and the answer lacks what it should have`,
});

/** What was asked and what GitHub said, without anything that could be a secret. */
export function describe(request: GitHubRequest, reply: GitHubReply): string {
  return `${request.method} ${request.path}: ${reply.status} ${withoutSecrets(messageOf(reply))}`.trim();
}

/** Tokens (`ghs_...`), JWTs and JIT configs (base64 of `{"...`), should anything on the way echo them. */
const withoutSecrets = (text: string) =>
  text.replace(/\b(gh[a-z]_|github_pat_|eyJ)[\w.+/=-]*/g, '***').slice(0, MOST_WORDS);

function messageOf({ body }: GitHubReply): string {
  const message = (body as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : '';
}

/** A 403 is one of three: the hourly limit, a secondary limit, or a missing permission. */
function isRateLimit(reply: GitHubReply): boolean {
  const { headers } = reply;
  return (
    headers['retry-after'] !== undefined ||
    headers['x-ratelimit-remaining'] === '0' ||
    /rate limit|abuse detection/i.test(messageOf(reply))
  );
}

function retryAfter({ headers }: GitHubReply, now: number): number | undefined {
  const seconds = wholeNumber(headers['retry-after']);
  if (seconds !== undefined) return seconds * 1_000;
  // The reset time is that of the hourly limit: it says something only when that limit is used up.
  const reset = headers['x-ratelimit-remaining'] === '0' ? wholeNumber(headers['x-ratelimit-reset']) : undefined;
  return reset === undefined ? undefined : Math.max(0, reset * 1_000 - now);
}

const wholeNumber = (text: string | string[] | undefined) =>
  typeof text === 'string' && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
