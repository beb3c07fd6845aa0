/** S3 as an instance may use it: GetObject of the runner packages, path-style (`/<bucket>/<key>`). */
import type { Answer, Note } from './types.ts';

/** All that the instance role may read. */
const READABLE = 'runner/';

export interface BucketAnswer {
  readonly answer: Answer;
  readonly note: Note;
}

/** `open`: the bytes of an object; none when there is no such object. */
export function answerBucket(
  method: string,
  path: string,
  bucket: string,
  open: (key: string) => Uint8Array | undefined,
): BucketAnswer {
  const key = path.startsWith(`/${bucket}/`) ? decodeURIComponent(path.slice(bucket.length + 2)) : undefined;
  if (method !== 'GET' || !key?.startsWith(READABLE)) return refused(403, 'AccessDenied', `${method} ${path}`);
  const body = open(key);
  if (body === undefined) return refused(404, 'NoSuchKey', key);
  return { answer: { status: 200, type: 'application/octet-stream', body }, note: { kind: 'runner-fetched', key } };
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
