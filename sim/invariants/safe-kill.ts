/** Nothing that works is ended, nothing of others is touched. */
import type { MakeInvariant } from './invariant.ts';

export const neverKillBusy: MakeInvariant = () => ({
  name: 'never terminate a busy runner',
  see(happening) {
    if (happening.kind !== 'terminate' || happening.excuse !== undefined) return undefined;
    const { instanceId, runner } = happening;
    return runner === 'busy' || runner === 'taken'
      ? `${instanceId} was terminated while its runner was ${runner}`
      : undefined;
  },
});

/** Between our look and our request it may get a job: only a deleted runner can't. */
export const deleteBeforeTerminate: MakeInvariant = () => ({
  name: 'delete the runner before terminating its instance',
  see(happening) {
    if (happening.kind !== 'terminate' || happening.excuse !== undefined) return undefined;
    return happening.runner === 'registered'
      ? `${happening.instanceId} was terminated while its runner could get a job`
      : undefined;
  },
});

export const touchOnlyOurs: MakeInvariant = () => ({
  name: 'touch nothing of others',
  see(happening) {
    if (happening.kind === 'delete-runner') {
      const { runnerName, deployment } = happening;
      if (runnerName !== undefined && !runnerName.startsWith(`mf-sim${deployment}-`))
        return `deployment ${deployment} deletes the runner ${runnerName}`;
    }
    if (happening.kind === 'terminate' && happening.outcome === 'not-ours')
      return `deployment ${happening.deployment} terminates ${happening.instanceId}, which is not its own`;
    return undefined;
  },
});
