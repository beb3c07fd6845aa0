/**
 * The queue refuses the message of one job's webhook: it is answered 500, and GitHub notes a failed delivery. Nobody but
 * the reconciler ever looks at that list.
 */
import { parseMessage } from '../../core/messages.ts';
import type { MakeFault } from './fault.ts';

/** In the default workflow this job waits for all others: no runner is left over that would take it. */
const PLACE = 5;

export const lostWebhook: MakeFault = (cast, tell) => {
  let delivery: string | undefined;
  let jobId = '';
  let isRedelivered = false;
  return {
    webhookQueue: (queue) => ({
      send: async (body, delayMs) => {
        const message = parseMessage(body);
        const isTarget = message?.kind === 'job' && message.action === 'queued' && cast.isJobAt(PLACE, message.jobId);
        if (!isTarget || delivery !== undefined) return queue.send(body, delayMs);
        delivery = message.delivery;
        jobId = message.jobId;
        tell.struck(`the webhook of ${message.name} is answered 500`);
        return 'unavailable';
      },
    }),
    onEvent: (event) => {
      if (event.source !== 'github') return;
      const { event: what } = event;
      if (what.kind === 'delivery-sent' && what.delivery.redelivery && what.delivery.guid === delivery)
        isRedelivered ||= what.statusCode === 202;
      if (what.kind === 'job-started' && what.job.id === jobId && isRedelivered)
        tell.healed(`found in GitHub's list and redelivered; ${what.job.name} runs`);
    },
  };
};
