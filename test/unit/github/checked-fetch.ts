import { basicError, replySchema, templateOf } from './schemas.ts';

/** What the stand-in serves beside the REST API. */
const OUTSIDE = ['/_runner', '/actions/runner/releases/download/'];

/** A `fetch` that holds every reply against GitHub's documents. */
export interface CheckedFetch {
  readonly fetch: typeof fetch;
  /** `GET /orgs/{org}/actions/runners 200`: what was answered so far. */
  readonly seen: Set<string>;
  /** What did not fit. A client would hide a throw: tests must look here after each test. */
  readonly faults: string[];
}

export function checkedFetch(): CheckedFetch {
  const seen = new Set<string>();
  const faults: string[] = [];
  return {
    seen,
    faults,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const { pathname } = new URL(request.url);
      const reply = await fetch(request);
      if (OUTSIDE.some((prefix) => pathname.startsWith(prefix))) return reply;
      const path = templateOf(pathname);
      const what = `${request.method} ${path ?? pathname} ${reply.status}`;
      seen.add(what);
      const text = await reply.clone().text();
      faults.push(...faultsOf(request.method, path, reply.status, text).map((fault) => `${what}: ${fault}`));
      return reply;
    },
  };
}

function faultsOf(method: string, path: string | undefined, status: number, text: string): readonly string[] {
  const body = text === '' ? undefined : JSON.parse(text);
  const schema = path === undefined ? undefined : replySchema(method, path, status);
  if (schema === 'empty') return text === '' ? [] : ['has a body'];
  const faults = status >= 400 ? errorFaults(status, body) : [];
  if (!schema) return status >= 400 ? faults : ['GitHub does not answer so'];
  return schema(body) ? faults : [...faults, `${JSON.stringify(schema.errors?.slice(0, 3))} in ${text.slice(0, 500)}`];
}

/** All errors have three fields, also those of a status that the document does not name for the path (401, 403, 404). */
function errorFaults(status: number, body: unknown): readonly string[] {
  const validate = basicError();
  const { message, documentation_url, status: said } = (body ?? {}) as Record<string, unknown>;
  const isWhole = typeof message === 'string' && typeof documentation_url === 'string' && said === String(status);
  return isWhole && validate(body) ? [] : [`not an error of GitHub: ${JSON.stringify(body)}`];
}
