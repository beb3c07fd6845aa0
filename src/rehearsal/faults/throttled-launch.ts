/** EC2 throttles the first launch: nothing is started, and the same request must come again under the same token. */
import type { MakeFault } from './fault.ts';

export const throttledLaunch: MakeFault = (_cast, tell) => {
  let token: string | undefined;
  return {
    fleet: (fleet) => ({
      launch: async (launch, pool) => {
        if (token === undefined) {
          token = launch.id;
          tell.struck(`EC2 throttles the launch ${token} of ${launch.attemptIds.length}`);
          return { kind: 'throttled', detail: 'RequestLimitExceeded' };
        }
        const outcome = await fleet.launch(launch, pool);
        if (launch.id === token && outcome.kind === 'ok')
          tell.healed(`the same token was sent again: ${outcome.instanceIds.join(', ')}`);
        return outcome;
      },
      terminate: (instanceId) => fleet.terminate(instanceId),
      list: () => fleet.list(),
    }),
  };
};
