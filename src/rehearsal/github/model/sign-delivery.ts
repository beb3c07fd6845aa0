import { createHmac } from 'node:crypto';
import type { Delivery, Hook } from './types.ts';

export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request that GitHub makes for a delivery. `appId` is the hook's owner, and stands for the hook's own id too. */
export function signDelivery(delivery: Delivery, hook: Hook, appId: number): SignedRequest {
  const body = JSON.stringify(delivery.payload);
  return {
    url: hook.url,
    headers: {
      accept: '*/*',
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/mayfly',
      'x-github-delivery': delivery.guid,
      'x-github-event': delivery.event,
      'x-github-hook-id': String(appId),
      'x-github-hook-installation-target-id': String(appId),
      'x-github-hook-installation-target-type': 'integration',
      'x-hub-signature-256': `sha256=${hmacSha256(hook.secret, body)}`,
    },
    body,
  };
}

/** In hexadecimal digits. */
export const hmacSha256 = (secret: string, body: string) => createHmac('sha256', secret).update(body).digest('hex');
