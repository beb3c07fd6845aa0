/**
 * GitHub's REST API over node:https: no fetch and no SDK, which cost a cold start tens of milliseconds.
 * Every request ends within its time, and every answer is bounded.
 */
import { type ClientRequest, Agent as HttpAgent, type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Clock } from '../../core/ports.ts';

export interface GitHubRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From the base URL, with a leading slash. */
  readonly path: string;
  readonly body?: object;
  /** Whether doing it twice is as good as once: then a connection that GitHub closed meanwhile is no failure. */
  readonly repeatable: boolean;
}

export interface GitHubReply {
  readonly kind: 'reply';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; undefined when there was none. */
  readonly body: unknown;
}

export interface NoReply {
  readonly kind: 'unavailable';
  readonly detail: string;
}

/** `token`: an App JWT or an installation token. */
export type Send = (request: GitHubRequest, token: string) => Promise<GitHubReply | NoReply>;

export interface ClientOptions {
  /** `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise Server. */
  readonly baseUrl: string;
  readonly clock: Clock;
  /** From the first byte sent to the last one received. GitHub itself gives up after 10 s. */
  readonly timeoutMs: number;
  /** Connections at most; further requests wait for one, within their time. */
  readonly mostConnections: number;
}

/** A list of 100 runners is about 100 kB; of 100 jobs with their steps, up to 3 MB. */
const MOST_BYTES = 4_000_000;
/**
 * A function that was frozen finds its connections dead, and a request on such a one is lost. After a pause this long,
 * new connections are made instead: the JIT request is not repeated, so it must not meet a dead one.
 */
const IDLE_MS = 15_000;

export function createClient(options: ClientOptions): Send {
  const base = new URL(options.baseUrl);
  const secure = base.protocol === 'https:';
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: options.mostConnections });
  const open = secure ? requestHttps : requestHttp;
  let usedAt = options.clock();

  const sendOnce: SendOnce = (request, token) => {
    if (options.clock() - usedAt > IDLE_MS) dropIdle(agent);
    usedAt = options.clock();
    const url = new URL(base.pathname.replace(/\/$/, '') + request.path, base);
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const outgoing = open(url, {
      method: request.method,
      agent,
      headers: headersOf(token, body),
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    return collect(outgoing, body);
  };

  const sendTwice: Send = async (request, token) => {
    let result = await sendOnce(request, token);
    if (result.kind === 'failed' && result.staleConnection && request.repeatable)
      result = await sendOnce(request, token);
    usedAt = options.clock();
    if (result.kind === 'reply') return result;
    return { kind: 'unavailable', detail: `${request.method} ${request.path}: ${result.why}` };
  };

  return async (request, token) => {
    const reply = await sendTwice(request, token);
    const path = reply.kind === 'reply' ? movedTo(request, reply, base) : undefined;
    return path === undefined ? reply : sendTwice({ ...request, path }, token);
  };
}

const MOVED = new Set([301, 302, 307, 308]);

/** Where a renamed repository answers now: once, for what only reads, and on the same host, since a token goes along. */
function movedTo({ method }: GitHubRequest, { status, headers }: GitHubReply, base: URL): string | undefined {
  if (method !== 'GET' || !MOVED.has(status) || headers.location === undefined) return undefined;
  const url = URL.parse(headers.location, base.href);
  if (url?.origin !== base.origin) return undefined;
  const prefix = base.pathname.replace(/\/$/, '');
  return url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) + url.search : undefined;
}

type Failed = { readonly kind: 'failed'; readonly why: string; readonly staleConnection: boolean };
type SendOnce = (request: GitHubRequest, token: string) => Promise<GitHubReply | Failed>;

const headersOf = (token: string, body: string | undefined) => ({
  accept: 'application/vnd.github+json',
  'x-github-api-version': '2022-11-28',
  'user-agent': 'mayfly-runners',
  authorization: `Bearer ${token}`,
  ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
});

function dropIdle(agent: HttpAgent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

function collect(outgoing: ClientRequest, body: string | undefined): Promise<GitHubReply | Failed> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException, answered: boolean) => {
      const reset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      const why = error.name === 'TimeoutError' || error.name === 'AbortError' ? 'no answer in time' : error.message;
      resolve({ kind: 'failed', why, staleConnection: reset && outgoing.reusedSocket && !answered });
    };
    outgoing.on('error', (error) => fail(error, false));
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on('error', (error) => fail(error, true));
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) incoming.destroy(new Error(`an answer of more than ${MOST_BYTES} bytes`));
        else chunks.push(chunk);
      });
      incoming.on('end', () => {
        const { statusCode: status = 0, headers } = incoming;
        resolve({ kind: 'reply', status, headers, body: parseJson(Buffer.concat(chunks).toString()) });
      });
    });
    outgoing.end(body);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
