import { Duration, aws_events as events, type aws_lambda as lambda, aws_events_targets as targets } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import { RECONCILE_ENV } from './contract';
import { LaunchFunction } from './launch-function';
import { allowLooking } from './launch-permissions';
import type { Launcher } from './launcher';
import type { RunnerPool } from './runner-pool';

/** What compares GitHub with EC2. */
export interface ReconcilerProps {
  /** Whose jobs and instances it looks after. */
  readonly launcher: Launcher;

  /** Organisation or user whose jobs are run. */
  readonly owner: string;

  /**
   * Raises a coded alarm in its log for online runners that are not of this fleet and could take its jobs, except those
   * with one of these names; `*` stands for any text. An empty list: for all of them.
   *
   * @default - no alarm: most organisations have other runners
   */
  readonly alarmOnForeignRunnersExcept?: string[];
}

const EVERY = Duration.minutes(1);
/** Shorter than the time to the next run. */
const TIMEOUT = Duration.seconds(50);

/**
 * Every minute: launches for jobs that wait although they should not, ends what runs although it should not, and has
 * GitHub deliver again what it could not. Almost free when nothing runs.
 */
export class Reconciler extends Construct {
  /** The function. */
  public readonly handler: lambda.IFunction;

  /** @internal */
  public readonly _schedule: events.Rule;

  private readonly reconcile: LaunchFunction;

  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    super(scope, id);
    this.reconcile = this.makeFunction(props);
    this.handler = this.reconcile.handler;
    // A run that failed is not repeated: the next one is as good, and comes soon.
    this.reconcile.handler.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: EVERY });
    acknowledge(this.reconcile, 'Serverless-LambdaAsyncFailureDestination', 'The next run does what this one did not.');
    this._schedule = new events.Rule(this, 'Schedule', {
      description: 'Mayfly: compares GitHub with EC2',
      schedule: events.Schedule.rate(EVERY),
      targets: [new targets.LambdaFunction(this.handler, { retryAttempts: 0, maxEventAge: EVERY })],
    });
    acknowledge(this._schedule, 'Serverless-EventBusDLQ', 'The next run does what this one did not.');
  }

  /** Looks after a pool too. */
  public addPool(pool: RunnerPool): void {
    this.reconcile.addPool(pool);
  }

  private makeFunction({ launcher, owner, alarmOnForeignRunnersExcept }: ReconcilerProps): LaunchFunction {
    const reconcile = new LaunchFunction(this, 'Reconcile', {
      bundle: 'reconcile',
      description: 'Mayfly: compares GitHub with EC2 and repairs the difference',
      timeout: TIMEOUT,
      parts: launcher._parts,
      environment: {
        [RECONCILE_ENV.owner]: owner,
        ...(alarmOnForeignRunnersExcept && {
          [RECONCILE_ENV.allowedForeignRunners]: JSON.stringify(alarmOnForeignRunnersExcept),
        }),
      },
    });
    allowLooking(reconcile);
    return reconcile;
  }
}
