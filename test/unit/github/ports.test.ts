/** The ports to GitHub over the stand-in: the real adapters by HTTP, and those of a simulator without. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  describeGitHub,
  type GitHubUnderTest,
  type GitHubWorld,
} from '../../../src/adapters/contracts/github.contract.ts';
import { createGitHubApp } from '../../../src/adapters/github/github.ts';
import { directGitHub } from '../../../src/rehearsal/github/direct-ports.ts';
import type { RateLimits } from '../../../src/rehearsal/github/model/rate-limits.ts';
import type { JobRecord, Permissions } from '../../../src/rehearsal/github/model/types.ts';
import { scriptedRun } from './scripted-run.ts';
import { appKey, startStandIn } from './stand-in.ts';
import { World } from './world.ts';

const INSTALLATION = 99_000_001;

/** Read by the model with each request: changed, they hold from then on. */
interface Changeable {
  readonly installation: { id: number; organization: string; permissions?: Permissions };
  readonly rateLimits: { -readonly [limit in keyof RateLimits]?: RateLimits[limit] };
}
const changeable = (): Changeable => ({
  installation: { id: INSTALLATION, organization: 'octo-org' },
  rateLimits: {},
});

function worldOf(world: World, options: Changeable, delivering: GitHubWorld['delivering']): GitHubWorld {
  const { model } = world;
  const sessions = new Map<string, string>();
  const taken = new Map<string, string>();
  const session = (name: string) => sessions.get(name) ?? '';
  const jobs = () => [...model.state.runs.values()].flatMap((run) => [...run.jobs.values()]);
  return {
    installationId: INSTALLATION,
    get now() {
      return world.now;
    },
    pass: (ms) => world.wait(ms),
    start: (repository, ...keys) => {
      const script = keys.map((key) => {
        const [own = '', needs] = key.split(' after ');
        return { key: own, needs };
      });
      return [...model.addRun(scriptedRun(...script), repository).jobs.values()].map(({ id }) => String(id));
    },
    jobId: (key) => String(jobs().find((job) => job.key === key)?.id),
    cancelRuns: () => {
      for (const id of model.state.runs.keys()) model.cancelRun(id);
    },
    strand: (jobId) => {
      (model.findJob(Number(jobId)) as JobRecord).status = 'queued';
    },
    connect: (name) => {
      const runner = [...model.state.runners.values()].find((one) => one.name === name);
      if (runner) sessions.set(name, world.reconnect(runner));
    },
    take: (name) => void taken.set(name, world.take(session(name))),
    work: (name, exitCode) => world.work(session(name), taken.get(name) ?? '', exitCode),
    withPermissions: (permissions) => {
      options.installation.permissions = permissions;
    },
    limitPoints: (points) => {
      options.rateLimits.pointsPerMinute = points;
    },
    delivering,
  };
}

describeGitHub('over HTTP', async (): Promise<GitHubUnderTest> => {
  const options = changeable();
  const { world, server, hook } = await startStandIn(options);
  const clock = () => world.now;
  const app = createGitHubApp({ baseUrl: server.url, appId: '4711', privateKey: appKey.privateKey, clock });
  const unsent = () => [...world.model.state.deliveries.values()].some(({ result }) => !result);
  const at = worldOf(world, options, async (statusCode, action) => {
    hook.answer(statusCode);
    await action();
    while (unsent()) await pause(5);
  });
  return { ...app, at };
});

describeGitHub('direct', async (): Promise<GitHubUnderTest> => {
  const options = changeable();
  const world = new World(options);
  const at = worldOf(world, options, async (statusCode, action) => {
    await action();
    for (const delivery of world.model.takeDeliveries())
      world.model.recordDelivery(delivery, {
        ...{ deliveredAt: world.now, durationMs: 0, statusCode, status: String(statusCode), url: 'http://localhost' },
        ...{ requestHeaders: {}, responseHeaders: {}, responseBody: '' },
      });
  });
  return { ...directGitHub(world.model), at };
});
