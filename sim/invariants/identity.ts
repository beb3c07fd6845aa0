/** One JIT config, one instance, one job. */
import type { Attempt } from '../../src/core/types.ts';
import type { MakeInvariant } from './invariant.ts';

export const oneLetterOneInstance: MakeInvariant = () => {
  const instanceOf = new Map<string, string>();
  const runnerOf = new Map<string, string>();
  return {
    name: 'one JIT config, one instance',
    see(happening) {
      if (happening.kind !== 'letter-taken' && happening.kind !== 'connected') return undefined;
      const { instanceId, runnerName } = happening;
      const other = instanceOf.get(runnerName);
      if (other !== undefined && other !== instanceId) return `${runnerName} is used by ${other} and by ${instanceId}`;
      const runner = runnerOf.get(instanceId);
      if (runner !== undefined && runner !== runnerName) return `${instanceId} uses ${runner} and ${runnerName}`;
      instanceOf.set(runnerName, instanceId);
      runnerOf.set(instanceId, runnerName);
      return undefined;
    },
  };
};

export const oneRunnerOneJob: MakeInvariant = () => {
  const jobOf = new Map<string, string>();
  return {
    name: 'one runner, one job',
    see(happening) {
      if (happening.kind !== 'github' || happening.event.kind !== 'job-started') return undefined;
      const { id, runnerName } = happening.event.job;
      if (runnerName === undefined || !runnerName.startsWith('mf-')) return undefined;
      const before = jobOf.get(runnerName);
      jobOf.set(runnerName, id);
      return before === undefined || before === id ? undefined : `${runnerName} ran ${before} and ${id}`;
    },
  };
};

export const oneAttemptOneInstance: MakeInvariant = () => {
  const attemptOf = new Map<string, string>();
  return {
    name: 'one attempt, one instance',
    see(happening) {
      if (happening.kind !== 'record' || happening.record !== 'attempt') return undefined;
      const before = happening.before as Attempt | undefined;
      const { id, instanceId } = happening.after as Attempt;
      if (before?.instanceId !== undefined && before.instanceId !== instanceId)
        return `attempt ${id} had ${before.instanceId} and has ${instanceId}`;
      if (instanceId === undefined) return undefined;
      const other = attemptOf.get(instanceId);
      attemptOf.set(instanceId, id);
      return other === undefined || other === id ? undefined : `${instanceId} belongs to attempts ${other} and ${id}`;
    },
  };
};

/** Never more instances than its attempts, and never a second request under the same token. */
export const launchesAreExact: MakeInvariant = () => {
  const instances = new Map<string, number>();
  const wanted = new Map<string, number>();
  return {
    name: 'a launch gives what it stored',
    see(happening) {
      if (happening.kind === 'record' && happening.record === 'launch' && 'attemptIds' in happening.after) {
        wanted.set(happening.after.id, happening.after.attemptIds.length);
      } else if (happening.kind === 'instance' && happening.instance.state === 'pending') {
        const { launchId } = happening.instance;
        const count = (instances.get(launchId) ?? 0) + 1;
        instances.set(launchId, count);
        const most = wanted.get(launchId);
        if (most === undefined) return `${launchId} was sent before it was stored`;
        if (count > most) return `${launchId} gave ${count} instances for ${most} attempts`;
      } else if (happening.kind === 'fleet-answer' && happening.detail === 'IdempotentParameterMismatch') {
        return `${happening.launchId} was sent again with other parameters`;
      }
      return undefined;
    },
  };
};
