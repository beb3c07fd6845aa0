/** An instance dies while it boots, just after it took its JIT config: that is spent, and its runner will never come. */
import { awaitReplacement } from './await-replacement.ts';
import type { MakeFault } from './fault.ts';

const PLACE = 2;

export const failedBoot: MakeFault = (cast, tell) => {
  let kill: (instanceId: string) => void = () => {};
  let victim: string | undefined;
  let watch: ReturnType<typeof awaitReplacement> | undefined;
  return {
    host: (host) => {
      kill = (instanceId) => host.stop(instanceId);
      return host;
    },
    onEvent: (event) => {
      if (event.source === 'instance' && event.event.kind === 'letter-taken' && victim === undefined) {
        const { instanceId } = event.event;
        const attemptId = cast.attemptOf(instanceId);
        if (attemptId === undefined || !cast.isFirstFor(PLACE, attemptId)) return;
        victim = instanceId;
        tell.struck(`${victim}, made for ${cast.madeFor(attemptId)}, dies at boot`);
        kill(victim);
      }
      if (event.source === 'fleet' && event.instance.id === victim && event.instance.state === 'terminated')
        watch ??= awaitReplacement(cast);
      const how = watch?.(event);
      if (how !== undefined) tell.healed(how);
    },
  };
};
