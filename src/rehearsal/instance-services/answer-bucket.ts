/** S3 as an instance may use it, path-style (`/<bucket>/<key>`): it gets runner packages, and puts logs of its own. */
import type { Answer, KnownInstance, Note, Request } from './types.ts';

/** All that the instance role may read. */
const READABLE = 'runner/';

export interface BucketAnswer {
  readonly answer: Answer;
  readonly note: Note;
}

/** `open`: the bytes of an object; none when there is no such object. */
export async function answerBucket(
  { method, url, body }: Request,
  { userId }: KnownInstance,
  bucket: string,
  open: (key: string) => Promise<Uint8Array | undefined> | Uint8Array | undefined,
): Promise<BucketAnswer> {
  const key = url.startsWith(`/${bucket}/`) ? decodeURIComponent(url.slice(bucket.length + 2)) : '';
  if (method === 'PUT' && key.startsWith(`logs/${userId}/`))
    return { answer: { status: 200, type: 'application/xml', body: '' }, note: { kind: 'logs-stored', key, body } };
  if (method !== 'GET' || !key.startsWith(READABLE)) return refused(403, 'AccessDenied', `${method} ${url}`);
  const content = await open(key);
  if (content === undefined) return refused(404, 'NoSuchKey', key);
  return {
    answer: { status: 200, type: 'application/octet-stream', body: content },
    note: { kind: 'runner-fetched', key },
  };
}

/** An error as S3 words it. */
export const s3Error = (status: number, code: string): Answer => ({
  status,
  type: 'application/xml',
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`,
});

const refused = (status: number, code: string, detail: string): BucketAnswer => ({
  answer: s3Error(status, code),
  note: { kind: 'denied', code, detail },
});
