import { timeJson } from '../../model/json/account-json.ts';
import type { GitHubState } from '../../model/state.ts';
import type { Delivery, DeliveryResult } from '../../model/types.ts';

export const deliveryItemJson = (state: GitHubState, delivery: Delivery, result: DeliveryResult) => ({
  id: delivery.id,
  guid: delivery.guid,
  delivered_at: timeJson(result.deliveredAt),
  redelivery: delivery.redelivery,
  duration: result.durationMs / 1000,
  status: result.status,
  status_code: result.statusCode,
  event: delivery.event,
  action: delivery.action,
  installation_id: state.options.installation.id,
  repository_id: delivery.job.run.repository.id,
  throttled_at: null,
});

export const deliveryJson = (state: GitHubState, delivery: Delivery, result: DeliveryResult) => ({
  ...deliveryItemJson(state, delivery, result),
  url: result.url,
  request: { headers: result.requestHeaders, payload: delivery.payload },
  response: { headers: result.responseHeaders, payload: result.responseBody },
});
