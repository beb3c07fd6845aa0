/** The control interface of our moto extension: faults to set, and what happened. */

/** A deployed resource with all references resolved. */
export interface DeployedResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  // biome-ignore lint/suspicious/noExplicitAny: the properties of any resource type
  readonly properties: any;
}

export interface InstanceChange {
  readonly seq: number;
  readonly instanceId: string;
  readonly state: 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';
  readonly at: number;
}

/** A CreateFleet that EC2 answered, whether or not its reply arrived. */
export interface FleetLaunch {
  readonly token: string;
  readonly market: 'spot' | 'on-demand';
  readonly wanted: number;
  readonly instanceIds: readonly string[];
  readonly replayed: boolean;
}

export class MotoControl {
  private readonly endpoint: string;

  constructor(endpoint: string) {
    this.endpoint = endpoint;
  }

  resources = () => this.call<DeployedResource[]>('GET', 'resources');
  /** Of all instances, from the `after`th on. */
  changes = (after = 0) => this.call<InstanceChange[]>('GET', `changes?after=${after}`);
  launches = () => this.call<FleetLaunch[]>('GET', 'launches');
  /** How many more instances can be had. `null`: any number. */
  setCapacity = (left: { spot?: number | null; 'on-demand'?: number | null }) => this.call('POST', 'capacity', left);
  /** Choices that have nothing from now on, whatever the market: other choices still may. */
  setExhausted = (overrides: readonly { instanceType: string; subnetId: string }[]) =>
    this.call('POST', 'exhausted', { overrides });
  /** The next fleets launch nothing and answer 200 with this among their errors. */
  failFleets = (code: string, times = 1) => this.call('POST', 'fleet-error', { code, times });
  /** From the launch to "running". Default 200 ms. */
  setPendingMs = (milliseconds: number) => this.call('POST', 'pending', { milliseconds });
  /** What befalls an instance without anybody calling EC2. `shutdown`: from inside, as its launch template says. */
  happen = (instanceId: string, cause: 'shutdown' | 'reclaim' | 'spot-warning') =>
    this.call('POST', 'happen', { instanceId, cause });

  private async call<Reply = void>(method: 'GET' | 'POST', path: string, body?: object): Promise<Reply> {
    const reply = await fetch(`${this.endpoint}/mayfly/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!reply.ok) throw new Error(`${method} /mayfly/${path}: ${reply.status} ${(await reply.text()).slice(0, 500)}`);
    return (await reply.json()) as Reply;
  }
}
