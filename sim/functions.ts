/** The functions of one deployment as they run on Lambda: each invocation has its own ports, clock and death. */
import type { SimClock } from './clock.ts';
import type { StrikeFault } from './faults.ts';
import type { Happening, Role } from './history.ts';
import { Invocation, skewOf } from './invocation.ts';
import type { PortContext } from './ports/call.ts';
import { Rng } from './rng.ts';

export interface FunctionWorld {
  readonly clock: SimClock;
  readonly seed: number;
  readonly deployment: number;
  readonly strike: StrikeFault;
  readonly tell: (happening: Happening) => void;
}

/** As the constructs set them. */
const TIMEOUT_MS: Record<Role, number> = { webhook: 10_000, dispatch: 30_000, reconcile: 50_000 };

export class Functions {
  private readonly world: FunctionWorld;
  private readonly running = new Set<Invocation>();
  private readonly latency: Rng;

  constructor(world: FunctionWorld) {
    this.world = world;
    this.latency = Rng.of(world.seed, `latency/${world.deployment}`);
  }

  /** `undefined`: it died. */
  invoke<Result>(role: Role, work: (context: PortContext) => Promise<Result>): Promise<Result | undefined> {
    const { clock, strike, tell, deployment } = this.world;
    return new Promise((resolve) => {
      const invocation = new Invocation(role, clock, skewOf(strike('clock-skew')), (why) => {
        this.running.delete(invocation);
        tell({ kind: 'died', deployment, role, why });
        resolve(undefined);
      });
      this.running.add(invocation);
      clock.after(TIMEOUT_MS[role], () => invocation.die('timeout'));
      work({ clock, invocation, deployment, latency: this.latency, strike, tell }).then(
        (result) => {
          if (invocation.isDead) return;
          invocation.finish();
          this.running.delete(invocation);
          resolve(result);
        },
        (error: unknown) => {
          tell({ kind: 'log', deployment, role, entry: { event: 'bug', error: textOf(error) } });
          invocation.die('exception');
        },
      );
    });
  }

  count(role: Role): number {
    let count = 0;
    for (const invocation of this.running) if (invocation.role === role) count += 1;
    return count;
  }

  /** A deployment replaces them. */
  killAll(): void {
    for (const invocation of [...this.running]) invocation.die('deployment');
  }
}

const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));
