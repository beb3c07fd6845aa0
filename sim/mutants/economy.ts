/** Mutants that launch what is not needed, or more than is allowed. */
import { scenarios, swarm } from './killers.ts';
import type { Mutant } from './mutant.ts';

export const ECONOMY: readonly Mutant[] = [
  {
    name: 'count-edges',
    what: 'one launch for each job, whatever spare runners there are',
    changes: [
      {
        file: 'src/core/plan-launches.ts',
        text: 'const spares = [...supply.spares]',
        instead: 'const spares = [...supply.spares.slice(0, 0)]',
      },
    ],
    killers: [...scenarios('spare-is-inherited'), swarm],
  },
  {
    name: 'reopen-instead-of-swap',
    what: 'the job whose runner was taken gets a new one, and the runner of the thief idles (1.4 launches a job)',
    changes: [
      {
        file: 'src/core/dispatch/fold-job-event.ts',
        text: 'handOver(ledger, displaced, free);',
        instead: 'handOver(ledger, displaced, undefined);',
      },
    ],
    killers: scenarios('taken-runners', 'swap-not-launch'),
  },
  {
    name: 'token-from-the-batch',
    what: 'a launch that is sent again has another token (runs-on #251)',
    changes: [
      {
        file: 'src/core/dispatch/send-launch.ts',
        text: 'await deps.fleet.launch(launch, pool)',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: text of the product
        instead: 'await deps.fleet.launch({ ...launch, id: `${launch.id}-${deps.clock()}` }, pool)',
      },
    ],
    killers: scenarios('lost-answers'),
  },
  {
    name: 'in-memory-token-bucket',
    what: "GitHub's points are counted in the memory of one function, and not stored",
    changes: [
      {
        file: 'src/core/ledger.ts',
        text: 'return (spent ?? 0) + (this.spent.get(installationId) ?? 0);',
        instead: 'return (spent ?? 0) * 0 + (this.spent.get(installationId) ?? 0);',
      },
      {
        file: 'src/core/ledger.ts',
        text: 'const limit = forced === amount ? undefined : this.budget(installationId) + forced;',
        instead: 'const limit = undefined;',
      },
    ],
    killers: scenarios('burst'),
  },
  {
    name: 'unbounded-retry',
    what: 'a job whose instances never come up gets one after the other',
    changes: [
      {
        file: 'src/core/dispatch/waiting-job.ts',
        text: 'const isSpent = failures >= limits.attemptsWithoutJob;',
        instead: 'const isSpent = false;',
      },
    ],
    killers: scenarios('no-boot-comes-up'),
  },
  {
    name: 'capacity-not-reserved',
    what: 'the limit of a pool is looked at, but nothing is reserved',
    changes: [
      {
        file: 'src/core/dispatch/plan-pool.ts',
        text: 'ledger.reserve(pool.name, jobs.length);',
        instead: '',
      },
    ],
    killers: scenarios('limit-under-concurrency'),
  },
];
