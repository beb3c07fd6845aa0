/** What a run may do. Decisions are values; `act.ts` performs them, each under the condition that it still holds. */
import type { ReasonCode, ReconcileFault } from '../codes.ts';
import type { EndReason } from '../dispatch/end-attempt.ts';
import type { InstanceMessage } from '../messages.ts';
import type { Runner } from '../ports.ts';
import type { Attempt, Job, Launch, Pool } from '../types.ts';

export type Action =
  /** As if EC2 had told: what is found and what is told go the same way. */
  | { readonly kind: 'instance-event'; readonly message: InstanceMessage }
  /** A runner or an instance was seen as the attempt does not have it yet. */
  | { readonly kind: 'sighting'; readonly attempt: Attempt; readonly seen: Sighting }
  /** The safe kill, or its next step. */
  | { readonly kind: 'end-attempt'; readonly attempt: Attempt; readonly why: EndReason }
  /** GitHub did not show the runner: ask for it by its id. Twice not there, a minute apart: the instance is ended. */
  | { readonly kind: 'check-runner'; readonly attempt: Attempt }
  /** Past its lifetime, or nobody's. */
  | {
      readonly kind: 'terminate';
      readonly instanceId: string;
      readonly attempt?: Attempt;
      readonly why: ReconcileFault;
    }
  /** A runner of ours that nothing can use any more. */
  | { readonly kind: 'delete-runner'; readonly attempt: Attempt; readonly runner?: Runner }
  /** An event about it may have been lost, or a runner idles beside it. */
  | { readonly kind: 'ask-job'; readonly job: Job }
  /** EC2 says why its instance ended. */
  | { readonly kind: 'explain-job'; readonly job: Job; readonly stateReason: string }
  /** Waited for longer than GitHub keeps it. */
  | { readonly kind: 'expire-job'; readonly job: Job }
  | { readonly kind: 'rerun-job'; readonly job: Job }
  | { readonly kind: 'give-up-launch'; readonly launch: Launch }
  /** The pool's count of instances differs from what is open. `unbound`: instances that no attempt has. */
  | { readonly kind: 'recount'; readonly pool: string; readonly unbound: number }
  /** Something of the pool waits. */
  | { readonly kind: 'plan-pool'; readonly pool: Pool }
  | { readonly kind: 'alarm'; readonly fault: ReasonCode; readonly detail: string };

export type Sighting =
  | { readonly kind: 'mail-taken' }
  | { readonly kind: 'online' | 'busy'; readonly runner: Runner }
  | { readonly kind: 'offline' }
  | { readonly kind: 'instance-missing' }
  | { readonly kind: 'instance-back' };
