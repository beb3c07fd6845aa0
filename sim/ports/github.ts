/** GitHub as the control plane sees it, with failures: outages, throttling, lost answers, late and stale reads. */
import type {
  Deliveries,
  FindJobOutcome,
  GitHub,
  GitHubFailure,
  GitHubJob,
  GitHubJobs,
  JobsOutcome,
  ListRunnersOutcome,
} from '../../src/core/ports.ts';
import type { GitHubSide } from '../github-side.ts';
import { type CallTime, effect, type PortContext, read } from './call.ts';

const TIME: CallTime = { fromMs: 50, toMs: 300 };
const SLOW: CallTime = { fromMs: 9_000, toMs: 11_000 };
const LAG_MS = 90_000;
const STALE_MS = 180_000;
const STALE_JOB_MS = 60_000;

type Call = <Outcome>(name: string, run: () => Promise<Outcome>) => Promise<Outcome | GitHubFailure>;

export interface GitHubPorts {
  readonly github: GitHub;
  readonly jobs: GitHubJobs;
  readonly deliveries: Deliveries;
}

export function githubPorts(context: PortContext, side: GitHubSide): GitHubPorts {
  const { github, jobs, deliveries } = side.direct;
  const look: Call = (name, run) => read(context, timeOf(context), () => answer(context, side, name, run));
  const act: Call = (name, run) => effect(context, timeOf(context), () => answer(context, side, name, run));
  const { deployment, tell } = context;
  return {
    github: {
      createJitConfig: (request) => act('createJitConfig', () => github.createJitConfig(request)),
      deleteRunner: (installationId, scope, runnerId) =>
        act('deleteRunner', async () => {
          const runnerName = side.model.state.runners.get(runnerId)?.name;
          const outcome = await github.deleteRunner(installationId, scope, runnerId);
          tell({ kind: 'delete-runner', deployment, runnerName, outcome: outcome.kind });
          return outcome;
        }),
      findRunner: (...args) => look('findRunner', () => github.findRunner(...args)),
      getRunner: (...args) => look('getRunner', () => github.getRunner(...args)),
      listRunners: (...args) =>
        look('listRunners', async () => distortRunners(context, side, await github.listRunners(...args))),
      runnerDownloads: (...args) => look('runnerDownloads', () => github.runnerDownloads(...args)),
    },
    jobs: {
      findJob: (...args) => look('findJob', async () => distortJob(context, side, await jobs.findJob(...args))),
      unfinishedJobs: (...args) =>
        look('unfinishedJobs', async () => distortJobs(context, side, await jobs.unfinishedJobs(...args))),
      rerunJob: (...args) => act('rerunJob', () => jobs.rerunJob(...args)),
    },
    deliveries: {
      list: (cursor) => look('deliveries', () => deliveries.list(cursor)),
      redeliver: (id) => act('redeliver', () => deliveries.redeliver(id)),
    },
  };
}

const timeOf = ({ strike }: PortContext) => (strike('github-slow') ? SLOW : TIME);

async function answer<Outcome>(
  context: PortContext,
  side: GitHubSide,
  name: string,
  run: () => Promise<Outcome>,
): Promise<Outcome | GitHubFailure> {
  const { strike, tell, deployment, invocation } = context;
  tell({ kind: 'github-call', deployment, role: invocation.role, call: name });
  const refusal = refusalOf(context, side, name);
  if (refusal) {
    if (name === 'createJitConfig') side.noteRefusal();
    return refusal;
  }
  const outcome = await run();
  if (isThrottled(outcome)) tell({ kind: 'github-limited', deployment, call: name });
  return strike('github-lost-reply', name) ? { kind: 'unavailable', detail: 'connection reset' } : outcome;
}

function refusalOf({ strike }: PortContext, side: GitHubSide, name: string): GitHubFailure | undefined {
  const outage = strike('github-outage', name);
  if (outage) side.goAway(outage);
  if (side.isAway || strike('github-unavailable', name)) return { kind: 'unavailable', detail: '503' };
  if (strike('github-auth', name)) return { kind: 'auth', detail: '401 Bad credentials' };
  if (strike('github-secondary-limit', name)) return { kind: 'throttled', detail: '403 secondary rate limit' };
  const wait = strike('github-retry-after', name);
  return wait && { kind: 'throttled', retryAfterMs: Math.round(wait.between(1_000, 120_000)), detail: '429' };
}

const isThrottled = (outcome: unknown) => (outcome as { readonly kind?: unknown } | undefined)?.kind === 'throttled';

function distortRunners(
  { strike, clock }: PortContext,
  side: GitHubSide,
  list: ListRunnersOutcome,
): ListRunnersOutcome {
  if (list.kind !== 'ok') return list;
  const stale = strike('runners-stale');
  const hole = strike('runners-hole');
  const asOf = stale ? clock.now - stale.between(1_000, STALE_MS) : clock.now;
  const known = stale ? side.runnersAsOf(asOf) : list.runners;
  const shown = known.filter((runner) => {
    if (hole?.chance(0.5)) return false;
    const isNew = clock.now - side.runners.bornAt(String(runner.id)) < LAG_MS;
    return !(isNew && strike('runners-unlisted'));
  });
  return { ...list, runners: shown };
}

function distortJob({ strike, clock }: PortContext, side: GitHubSide, found: FindJobOutcome): FindJobOutcome {
  if (found.kind !== 'ok') return found;
  const stale = strike('job-stale');
  if (!stale) return found;
  const job = jobAsOf(side, found.job, clock.now - stale.between(1_000, STALE_JOB_MS));
  return job ? { kind: 'ok', job } : { kind: 'gone' };
}

function distortJobs({ strike, clock }: PortContext, side: GitHubSide, list: JobsOutcome): JobsOutcome {
  if (list.kind !== 'ok') return list;
  const stale = strike('jobs-stale');
  if (!stale) return list;
  const asOf = clock.now - stale.between(1_000, STALE_JOB_MS);
  return { ...list, jobs: list.jobs.flatMap((job) => jobAsOf(side, job, asOf) ?? []) };
}

function jobAsOf(side: GitHubSide, job: GitHubJob, time: number): GitHubJob | undefined {
  const status = side.jobs.stateAt(job.id, time);
  if (status === undefined) return undefined;
  if (status === job.status) return job;
  const { conclusion, runnerName, ...rest } = job;
  return status === 'queued' ? { ...rest, status } : { ...rest, status, runnerName };
}
