/**
 * GitHub loses the record of a runner as it connects (actions/runner#4617), while its process listens for ever: an
 * instance that no event ends, and that counts as supply.
 */
import type { GitHubModel } from '../github/model/model.ts';
import type { RunnerBackend } from '../github/runner-backend.ts';
import { awaitReplacement } from './await-replacement.ts';
import type { MakeFault } from './fault.ts';

const PLACE = 3;

export const ghost: MakeFault = (cast, tell) => {
  const haunted = { attemptId: '', sessionId: '', runnerId: 0, looks: 0 };
  let watch: ReturnType<typeof awaitReplacement> | undefined;

  /** Its session stays open, and never hears of anything. */
  function connect(backend: RunnerBackend, github: GitHubModel, clientId: string, version: string) {
    const runner = github.state.runnersByClientId.get(clientId);
    const attemptId = runner && cast.attemptOfRunner(runner.name);
    if (!runner || attemptId === undefined || haunted.attemptId || !cast.isFirstFor(PLACE, attemptId))
      return backend.connect(clientId, version);
    const { organization } = github.state.options.installation;
    const { repository } = runner;
    github.deleteRunner(
      repository ? { kind: 'repository', repository: repository.fullName } : { kind: 'organization', organization },
      runner.id,
    );
    Object.assign(haunted, { attemptId, sessionId: `ghost-${runner.id}`, runnerId: runner.id });
    tell.struck(`GitHub loses ${runner.name} while ${cast.instanceOf(attemptId)} lives on`);
    return { kind: 'ok', sessionId: haunted.sessionId } as const;
  }

  return {
    github: (github) => ({
      ...github,
      getRunner: (installationId, scope, runnerId) => {
        if (runnerId === haunted.runnerId) haunted.looks += 1;
        return github.getRunner(installationId, scope, runnerId);
      },
    }),
    runnerBackend: (backend, github) => ({
      ...bound(backend),
      connect: (clientId, version) => connect(backend, github, clientId, version),
      poll: (sessionId) => (sessionId === haunted.sessionId ? { kind: 'none' } : backend.poll(sessionId)),
    }),
    onEvent: (event) => {
      const isEnded = event.source === 'reconciler' && event.entry.fault === 'runner-gone';
      if (isEnded && event.entry.attempt === haunted.attemptId) watch ??= awaitReplacement(cast);
      const how = watch?.(event);
      if (how !== undefined) tell.healed(`looked for ${haunted.looks} times, ended, and ${how}`);
    },
  };
};

const bound = (backend: RunnerBackend): Omit<RunnerBackend, 'connect' | 'poll'> => ({
  acquire: (...call) => backend.acquire(...call),
  nextStep: (...call) => backend.nextStep(...call),
  finishStep: (...call) => backend.finishStep(...call),
  log: (...call) => backend.log(...call),
  renew: (...call) => backend.renew(...call),
  finishJob: (...call) => backend.finishJob(...call),
  disconnect: (...call) => backend.disconnect(...call),
  onChange: (...call) => backend.onChange(...call),
});
