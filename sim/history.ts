/** What happens in a world: the invariants are folds over it, and the story of a world is told from it. */
import type { LocalInstance } from '../src/adapters/local/instance-host.ts';
import type { Reconciled } from '../src/core/reconcile/deps.ts';
import type { RecordKind } from '../src/core/records.ts';
import type { Attempt, Job, Launch } from '../src/core/types.ts';
import type { ModelEvent } from '../src/rehearsal/github/model/types.ts';
import type { FaultName } from './fault-classes.ts';

export type Role = 'webhook' | 'dispatch' | 'reconcile';

/** How GitHub has the runner of an instance in a moment. `taken`: a job is given to it; `busy`: it runs. */
export type RunnerTruth = 'none' | 'registered' | 'taken' | 'busy';

/** Why an instance may be terminated whatever its runner does. */
export type KillExcuse = 'lifetime' | 'reclaimed' | 'stopped' | 'ended';

/** All that happens. `deployment`: its position in the world. */
export type Happening =
  | { readonly kind: 'github'; readonly event: Exclude<ModelEvent, { kind: 'delivery-queued' | 'delivery-sent' }> }
  | {
      readonly kind: 'webhook';
      readonly deployment: number;
      readonly sender: 'github' | 'forger' | 'stranger';
      readonly status: number;
      readonly messages: number;
    }
  | { readonly kind: 'sent' | 'acknowledged' | 'dead'; readonly deployment: number; readonly body: string }
  | { readonly kind: 'instance'; readonly deployment: number; readonly instance: LocalInstance }
  | {
      readonly kind: 'letter-taken';
      readonly deployment: number;
      readonly instanceId: string;
      readonly runnerName: string;
    }
  | {
      readonly kind: 'connected';
      readonly deployment: number;
      readonly instanceId: string;
      readonly runnerName: string;
    }
  | {
      readonly kind: 'terminate';
      readonly deployment: number;
      readonly instanceId: string;
      /** Of its own runner, when the request took effect. */
      readonly runner: RunnerTruth;
      readonly excuse: KillExcuse | undefined;
      readonly outcome: 'ok' | 'not-ours';
    }
  | {
      readonly kind: 'delete-runner';
      readonly deployment: number;
      readonly runnerName: string | undefined;
      readonly outcome: string;
    }
  | {
      readonly kind: 'record';
      readonly deployment: number;
      readonly record: RecordKind;
      readonly before: Job | Attempt | Launch | undefined;
      readonly after: Job | Attempt | Launch;
    }
  | { readonly kind: 'github-call'; readonly deployment: number; readonly role: Role; readonly call: string }
  | { readonly kind: 'instances-listed'; readonly deployment: number; readonly role: Role }
  | { readonly kind: 'github-limited'; readonly deployment: number; readonly call: string }
  | {
      readonly kind: 'fleet-answer';
      readonly deployment: number;
      readonly launchId: string;
      readonly outcome: string;
      readonly detail?: string;
    }
  | { readonly kind: 'log'; readonly deployment: number; readonly role: Role; readonly entry: LogEntry }
  | { readonly kind: 'died'; readonly deployment: number; readonly role: Role; readonly why: string }
  | { readonly kind: 'reconciled'; readonly deployment: number; readonly result: Reconciled }
  | { readonly kind: 'redeployed'; readonly deployment: number; readonly limits: Readonly<Record<string, number>> }
  | { readonly kind: 'fault'; readonly fault: FaultName }
  | { readonly kind: 'faults-over' };

export interface LogEntry {
  readonly event: string;
  readonly [field: string]: unknown;
}

export type HappeningAt = Happening & { readonly at: number };
