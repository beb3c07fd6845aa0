/** `POST /webhook`: one request of GitHub's to its answer. GitHub waits for its cold start: nothing heavy in here. */
import { createAwsCaller } from '../adapters/aws/call-aws.ts';
import { AwsQueue } from '../adapters/aws/queue.ts';
import { AwsWebhookSecrets } from '../adapters/aws/webhook-secrets.ts';
import { verifyHmac } from '../adapters/hmac.ts';
import { WEBHOOK_ENV, type WebhookPool } from '../constructs/contract.ts';
import { receiveWebhook, type WebhookAnswer, type WebhookRequest } from '../core/webhook/receive-webhook.ts';
import { WEBHOOK } from '../core/webhook/webhook-codes.ts';
import { jsonIn, orUndefined, readAwsAccess, readEnv } from './read-env.ts';
import { writeLog } from './write-log.ts';

const NOT_CONFIGURED: WebhookAnswer = {
  status: 500,
  body: { result: 'refused', reason: 'not-configured', code: WEBHOOK['not-configured'].code },
};

const caller = createAwsCaller(readAwsAccess());
const deps = orUndefined(() => {
  const env = readEnv(WEBHOOK_ENV, ['installationId']);
  const { owner, deploymentId, secretArn, queueUrl } = env;
  const installationId = Number(env.installationId) || undefined;
  return {
    config: { owner, deploymentId, installationId, pools: jsonIn<WebhookPool[]>(env.pools) },
    secrets: new AwsWebhookSecrets(caller, secretArn, Date.now, writeLog),
    verify: verifyHmac,
    queue: new AwsQueue(caller, queueUrl),
    clock: Date.now,
  };
});

// While a function starts it has a whole CPU: what the first request needs is fetched now. Neither ever fails.
if (deps) await Promise.all([deps.secrets.read(), caller.connect('sqs')]);

/** `event`: what we read of API Gateway's payload 2.0; a request without a body has none there. */
export async function handler(event: Omit<WebhookRequest, 'body'> & { readonly body?: string }) {
  const { status, body } = deps ? await receiveWebhook({ body: '', ...event }, deps) : NOT_CONFIGURED;
  writeLog({ event: 'webhook', delivery: event.headers['x-github-delivery'], status, ...body });
  return { statusCode: status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
