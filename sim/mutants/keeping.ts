/** Mutants that lose what was promised, or do it twice. */
import { scenarios, swarm } from './killers.ts';
import type { Mutant } from './mutant.ts';

export const KEEPING: readonly Mutant[] = [
  {
    name: 'mark-seen-then-launch',
    what: 'a launch that was stored and not sent is never looked at again (TF #3535)',
    changes: [
      {
        file: 'src/core/dispatch/open-work.ts',
        text: 'launches: [...planned.launches, ...launches.filter((one) => isUnanswered(one, now))],',
        instead: 'launches: planned.launches,',
      },
    ],
    killers: [...scenarios('half-a-batch-fails', 'lost-answers'), swarm],
  },
  {
    name: 'no-dedupe',
    what: 'a repeated "queued" event is a new job (ARC #4315)',
    changes: [
      {
        file: 'src/core/dispatch/fold-job-event.ts',
        text: 'const before = ledger.job(message.jobId) ??',
        instead: `const seen = ledger.job(message.jobId);
  const before = (seen && message.action === 'queued' ? { ...seen, state: 'NEW' as const, attemptId: undefined } : seen) ??`,
      },
    ],
    killers: scenarios('old-events-again'),
  },
  {
    name: 'acknowledge-by-position',
    what: 'the first message of the batch is taken for the one that failed (TF #5024)',
    changes: [
      {
        file: 'src/core/dispatch/dispatch.ts',
        text: "failures.push({ messageId, reason: fault ?? 'message-malformed' });",
        instead:
          "failures.push({ messageId: batch[failures.length]?.messageId ?? messageId, reason: fault ?? 'message-malformed' });",
      },
    ],
    killers: scenarios('one-bad-message-in-a-batch'),
  },
  {
    name: 'whole-batch-retried',
    what: 'one failure fails the whole batch (TF)',
    changes: [
      {
        file: 'src/core/dispatch/dispatch.ts',
        text: '  return failures;\n}\n\nfunction faultOf',
        instead:
          "  return failures.length > 0 ? batch.map(({ messageId }) => ({ messageId, reason: 'internal-error' })) : failures;\n}\n\nfunction faultOf",
      },
    ],
    killers: scenarios('one-bad-message-in-a-batch'),
  },
  {
    name: 'cached-failure',
    what: 'a refused launch is remembered for ever (TF: a failed load of the configuration)',
    changes: [
      {
        file: 'src/core/pool-health.ts',
        text: 'const until = ledger.now + Math.min(limits.slowRetryMs, limits.refusedRetryMs * 2 ** (refusals - 1));',
        instead: 'const until = Number.MAX_SAFE_INTEGER;',
      },
    ],
    killers: scenarios('misconfigured'),
  },
  {
    name: 'failed-webhooks-forgotten',
    what: 'failed deliveries are not asked for again, and nobody looks for their jobs',
    changes: [
      {
        file: 'src/core/reconcile/redeliver.ts',
        text: 'await Promise.all(due.map((one) => repeat(deps, one)));',
        instead: '',
      },
    ],
    killers: scenarios('lost-webhooks'),
  },
  {
    name: 'no-sweep',
    what: 'jobs whose webhook was never sent are looked for nowhere',
    changes: [
      {
        file: 'src/core/reconcile/sweep.ts',
        text: 'for (const message of messages) {',
        instead: 'for (const message of messages.slice(0, 0)) {',
      },
    ],
    killers: scenarios('vanished-webhooks'),
  },
];
