import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** An error as GitHub's REST API answers it. */
export const fail = (c: Context, status: ContentfulStatusCode, message: string) =>
  c.json({ message, documentation_url: 'https://docs.github.com/rest', status: String(status) }, status);

export const notFound = (c: Context) => fail(c, 404, 'Not Found');
