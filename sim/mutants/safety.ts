/** Mutants that touch what they must not. */
import { scenarios, swarm } from './killers.ts';
import type { Mutant } from './mutant.ts';

export const SAFETY: readonly Mutant[] = [
  {
    name: 'terminate-before-delete',
    what: 'an instance is terminated while its runner can still get a job (TF #5085)',
    changes: [
      {
        file: 'src/core/dispatch/end-attempt.ts',
        text: 'if (intent.runnerDeletedAt !== undefined || (await withdraw(deps, pool, intent))) await terminate(deps, intent);',
        instead: 'await terminate(deps, intent);',
      },
    ],
    killers: scenarios('idle-runner-ends-in-time'),
  },
  {
    name: 'busy-is-taken-for-deleted',
    what: '422 on DELETE is overlooked',
    changes: [
      {
        file: 'src/core/dispatch/end-attempt.ts',
        text: "if (outcome.kind === 'deleted') return withdrawn(deps, attempt.id);",
        instead: "if (outcome.kind === 'deleted' || outcome.kind === 'busy') return withdrawn(deps, attempt.id);",
      },
    ],
    killers: [...scenarios('stale-busy-reads', 'unheard-starts'), swarm],
  },
  {
    name: 'absence-from-a-list-trusted',
    what: 'what a list of instances lacks is taken for gone (TF #4391)',
    changes: [
      {
        file: 'src/core/reconcile/phases/lost-instances.ts',
        text: "if (instance === 'absent') return ",
        instead:
          "if (instance === 'absent') return [event(attempt, 'terminated')];\n  if (instance === 'absent') return ",
      },
    ],
    killers: scenarios('absence-proves-nothing'),
  },
  {
    name: 'delete-without-own-table-check',
    what: 'a runner that looks like ours is deleted (two deployments in one organisation)',
    changes: [
      {
        file: 'src/core/reconcile/phases/left-runners.ts',
        text: 'if (id === undefined) return [];',
        instead: `const [any] = parts.attempts;
  if (id === undefined) return any && runner.name.startsWith('mf-') ? [{ kind: 'delete-runner', attempt: any, runner }] : [];`,
      },
    ],
    killers: scenarios('siblings'),
  },
  {
    name: 'signature-not-checked',
    what: 'an event with a wrong signature counts',
    changes: [
      {
        file: 'src/core/webhook/receive-webhook.ts',
        text: "if (signed !== 'ok') return refused(signed === 'not-configured' ? 500 : 401, signed);",
        instead: '',
      },
    ],
    killers: scenarios('strangers'),
  },
  {
    name: 'events-of-strangers-count',
    what: "the App's secret signs events of every installation, and the owner is not looked at",
    changes: [
      {
        file: 'src/core/webhook/classify-event.ts',
        text: "if (!isOurs(event, config)) return ignored('foreign-owner');",
        instead: '',
      },
    ],
    killers: scenarios('strangers'),
  },
];
