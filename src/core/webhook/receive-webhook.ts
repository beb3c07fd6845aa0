/**
 * One webhook request to its answer: size, signature, event, ours?, route, one queue message.
 *
 *   401  no or wrong signature: nothing else happens     413  larger than 1 MB
 *   200  signed, but not for us: `ignored` with a reason   400  signed, but malformed
 *   202  one message is in the queue                       500  not configured, or the queue refused: GitHub notes a
 *                                                               failed delivery, which can be redelivered for 3 days
 */
import { limits } from '../limits.ts';
import { writeMessage } from '../messages.ts';
import type { Clock, Queue, VerifyHmac, WebhookSecrets } from '../ports.ts';
import { classifyEvent, type WebhookConfig } from './classify-event.ts';
import { readEvent } from './read-event.ts';
import { IGNORED, type IgnoreReason, WEBHOOK, type WebhookFault } from './webhook-codes.ts';

export interface WebhookRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** API Gateway encodes what is not text, form-encoded webhooks among it. */
  readonly isBase64Encoded: boolean;
}

export interface WebhookAnswer {
  readonly status: 200 | 202 | 400 | 401 | 413 | 500;
  readonly body: {
    readonly result: 'queued' | 'ignored' | 'refused';
    readonly reason?: IgnoreReason | WebhookFault;
    readonly code?: string;
    readonly pool?: string;
  };
}

export interface WebhookDeps {
  /** `undefined`: the deployment is not set up yet. */
  readonly config: WebhookConfig | undefined;
  readonly secrets: WebhookSecrets;
  readonly verify: VerifyHmac;
  readonly queue: Queue;
  readonly clock: Clock;
}

export async function receiveWebhook(request: WebhookRequest, deps: WebhookDeps): Promise<WebhookAnswer> {
  if (isTooLarge(request)) return refused(413, 'body-too-large');
  const signature = signatureOf(request);
  if (!signature) return refused(401, 'signature-missing');
  const bytes = Buffer.from(request.body, request.isBase64Encoded ? 'base64' : 'utf8');
  const signed = await checkSignature(bytes, signature, deps);
  if (signed !== 'ok') return refused(signed === 'not-configured' ? 500 : 401, signed);
  return receiveSigned(request, bytes, deps);
}

async function receiveSigned(request: WebhookRequest, bytes: Buffer, deps: WebhookDeps): Promise<WebhookAnswer> {
  const name = request.headers['x-github-event'];
  if (name !== 'workflow_job') return ignored(name === 'ping' ? 'ping' : 'other-event');
  if (!deps.config) return refused(500, 'not-configured');
  const payload = parsePayload(bytes, request.headers['content-type']);
  if (payload === undefined) return refused(400, 'malformed-json');
  const event = readEvent(payload);
  if (!event) return refused(400, 'malformed-event');

  const delivery = request.headers['x-github-delivery'] ?? '';
  const classified = classifyEvent(event, deps.config, delivery, deps.clock());
  if (classified.kind === 'ignored') return ignored(classified.reason);
  const sent = await deps.queue.send(writeMessage(classified.message));
  if (sent !== 'ok') return refused(500, 'queue-unavailable');
  return { status: 202, body: { result: 'queued', pool: classified.message.pool } };
}

function isTooLarge({ body, isBase64Encoded }: WebhookRequest): boolean {
  // Lengths in characters, as a first cut: a UTF-8 text has at least as many bytes; base64 has 4 for 3.
  const least = isBase64Encoded ? Math.floor(body.length / 4) * 3 - 2 : body.length;
  return least > limits.webhookBodyBytes || (!isBase64Encoded && Buffer.byteLength(body) > limits.webhookBodyBytes);
}

/** The hexadecimal digest of `X-Hub-Signature-256: sha256=<digest>`. The sha1 header of old is not accepted. */
function signatureOf(request: WebhookRequest): string | undefined {
  const header = request.headers['x-hub-signature-256'];
  return header?.startsWith('sha256=') ? header.slice('sha256='.length) : undefined;
}

/** A secret that was just rotated fits on the second look. The port bounds how often that look happens. */
async function checkSignature(
  bytes: Buffer,
  signature: string,
  deps: WebhookDeps,
): Promise<'ok' | 'not-configured' | 'signature-mismatch'> {
  const fits = (secrets: readonly string[]) => secrets.some((secret) => deps.verify(secret, bytes, signature));
  const known = await deps.secrets.read();
  if (known && fits(known)) return 'ok';
  const fresh = await deps.secrets.read({ fresh: true });
  if (!fresh || fresh.length === 0) return 'not-configured';
  return fits(fresh) ? 'ok' : 'signature-mismatch';
}

/** GitHub sends JSON, or a form with the JSON in its field `payload`; the signature is over the raw bytes of either. */
function parsePayload(bytes: Buffer, contentType: string | undefined): unknown {
  const text = bytes.toString('utf8');
  const isForm = contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true;
  try {
    return JSON.parse(isForm ? (new URLSearchParams(text).get('payload') ?? '') : text);
  } catch {
    return undefined;
  }
}

const ignored = (reason: IgnoreReason): WebhookAnswer => ({
  status: 200,
  body: { result: 'ignored', reason, code: IGNORED[reason].code },
});

const refused = (status: 400 | 401 | 413 | 500, reason: WebhookFault): WebhookAnswer => ({
  status,
  body: { result: 'refused', reason, code: WEBHOOK[reason].code },
});
