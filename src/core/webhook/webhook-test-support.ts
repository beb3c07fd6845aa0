/** For tests: a webhook with one pool, a queue that keeps what it gets, and GitHub's own example payloads. */
import { createHmac } from 'node:crypto';
import examples from '@octokit/webhooks-examples';
import { verifyHmac } from '../../adapters/hmac.ts';
import { LocalWebhookSecrets } from '../../adapters/local/webhook-secrets.ts';
import type { SendOutcome } from '../ports.ts';
import type { RoutablePool } from '../types.ts';
import type { WebhookConfig } from './classify-event.ts';
import { receiveWebhook, type WebhookRequest } from './receive-webhook.ts';

export const SECRET = "It's a Secret to Everybody";
export const NOW = Date.parse('2026-11-24T12:00:00Z');

export interface Payload {
  action: string;
  workflow_job: Record<string, unknown> & { labels: string[] };
  repository: Record<string, unknown> & { owner: { login: string }; private: boolean };
  organization?: { login: string };
  installation?: { id: number };
}

interface Example {
  readonly name: string;
  readonly examples: readonly Payload[];
}

/** The eight workflow_job examples that GitHub's SDK publishes. Copies: tests change them. */
export const workflowJobExamples = (): Payload[] =>
  structuredClone(
    (examples as unknown as Example[]).find((event) => event.name === 'workflow_job')?.examples ?? [],
  ) as Payload[];

export const sign = (body: string | Uint8Array, secret = SECRET) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

export const aPool = (labels: string[], more: Partial<RoutablePool> = {}): RoutablePool => ({
  name: 'linux',
  labels,
  priority: 0,
  publicRepositories: true,
  ...more,
});

/** A queued job of ours, as GitHub sends it now. */
export function queuedPayload(change: (payload: Payload) => void = () => {}): Payload {
  const payload = workflowJobExamples()[5] as Payload;
  payload.workflow_job.labels = ['self-hosted', 'linux'];
  payload.workflow_job.created_at = new Date(NOW - 60_000).toISOString();
  payload.repository.owner.login = 'acme';
  change(payload);
  return payload;
}

export function webhook(
  config: Partial<WebhookConfig> | undefined = {},
  secrets: readonly string[] | undefined = [SECRET],
) {
  const sent: string[] = [];
  let now = NOW;
  let outcome: SendOutcome = 'ok';
  const store = new LocalWebhookSecrets(() => now, secrets);
  const deps = {
    config: { owner: 'acme', deploymentId: 'test', pools: [aPool(['self-hosted', 'linux', 'x64'])], ...config } as
      | WebhookConfig
      | undefined,
    secrets: store,
    verify: verifyHmac,
    queue: {
      send: async (body: string) => {
        if (outcome === 'ok') sent.push(body);
        return outcome;
      },
    },
    clock: () => now,
  };
  const send = (request: Partial<WebhookRequest>) =>
    receiveWebhook({ headers: {}, body: '', isBase64Encoded: false, ...request }, deps);
  return {
    deps,
    sent,
    secrets: store,
    send,
    /** Signs and sends as GitHub does. */
    deliver: (payload: unknown, headers: Record<string, string> = {}) => {
      const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
      return send({
        body,
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'workflow_job',
          'x-github-delivery': 'a-guid',
          'x-hub-signature-256': sign(body),
          ...headers,
        },
      });
    },
    messages: () => sent.map((body) => JSON.parse(body)),
    advance: (ms: number) => {
      now += ms;
    },
    failQueue: (how: SendOutcome) => {
      outcome = how;
    },
  };
}
