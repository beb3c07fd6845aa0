/** GitHub in virtual time: its model ticks, its webhooks travel (and get lost), and what it shows can be told as of a time before. */
import type { Runner } from '../src/core/ports.ts';
import { type DirectGitHub, directGitHub } from '../src/rehearsal/github/direct-ports.ts';
import { GitHubModel } from '../src/rehearsal/github/model/model.ts';
import type { Delivery, ModelEvent } from '../src/rehearsal/github/model/types.ts';
import type { SimClock } from './clock.ts';
import type { StrikeFault } from './faults.ts';
import type { Happening, RunnerTruth } from './history.ts';
import { Rng } from './rng.ts';
import { Timeline } from './timeline.ts';

export const ORGANIZATION = 'acme';
export const INSTALLATION_ID = 7_000_001;
export const WEBHOOK_SECRET = 'simulated webhook secret';
/** Nobody decodes it: our runners need no key. */
const RUNNER_KEY = '{}';
const AWAY_MS = { from: 120_000, to: 480_000 };
const LATE_MS = 300_000;
const ANSWER_MS = 10_000;

/** A delivery to one webhook. Returns the status of the answer; 0: none came. */
export type Deliver = (request: SignedRequest, sender: 'github' | 'forger' | 'stranger') => Promise<number>;

export interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface GitHubSideOptions {
  readonly clock: SimClock;
  readonly seed: number;
  readonly strike: StrikeFault;
  readonly tell: (happening: Happening) => void;
}

interface RunnerState {
  readonly exists: boolean;
  readonly online: boolean;
  readonly busy: boolean;
}

export class GitHubSide {
  readonly model: GitHubModel;
  readonly direct: DirectGitHub;
  /** By runner id. */
  readonly runners = new Timeline<RunnerState>();
  /** By job id. */
  readonly jobs = new Timeline<'queued' | 'in_progress' | 'completed'>();
  /** Webhooks that listen: one for each deployment. */
  readonly hooks: Deliver[] = [];
  /** Deliveries on their way. */
  underWay = 0;
  private readonly options: GitHubSideOptions;
  private readonly travel: Rng;
  private readonly labels = new Map<string, { readonly name: string; readonly labels: readonly string[] }>();
  /** A repository of which a deployment never got an event is not searched by it. */
  private readonly heardOf = new Set<string>();
  /** GUIDs of events that come late, once. */
  private readonly wasLate = new Set<string>();
  private awayUntil = 0;
  private refusedAt = Number.NEGATIVE_INFINITY;
  private nextTick = Number.POSITIVE_INFINITY;

  constructor(options: GitHubSideOptions) {
    this.options = options;
    this.travel = Rng.of(options.seed, 'webhooks');
    this.model = new GitHubModel({
      clock: options.clock.read,
      seed: String(options.seed),
      app: { id: 4_711, slug: 'mayfly-simulated' },
      installation: { id: INSTALLATION_ID, organization: ORGANIZATION },
      runnerKey: RUNNER_KEY,
      hook: { url: 'https://webhook.example', secret: WEBHOOK_SECRET },
    });
    this.direct = directGitHub(this.model);
    this.model.onEvent((event) => this.note(event));
  }

  /** Nothing answers, and events wait, for minutes. */
  goAway(extent: Rng): void {
    this.awayUntil = this.options.clock.now + extent.between(AWAY_MS.from, AWAY_MS.to);
  }

  get isAway(): boolean {
    return this.options.clock.now < this.awayUntil;
  }

  /** A fault kept a runner from being registered. */
  noteRefusal(): void {
    this.refusedAt = this.options.clock.now;
  }

  /** Whether a runner could not be registered for GitHub's sake at that time or later. */
  hasRefusedSince = (time: number) => this.refusedAt >= time;

  /** Faults are over. */
  heal(): void {
    this.awayUntil = 0;
  }

  /** Sees to it that the model ticks in time. To be called after each event. */
  keepTicking(): void {
    const at = this.model.nextTickAt();
    if (at >= this.nextTick || at === Number.POSITIVE_INFINITY) return;
    this.nextTick = at;
    this.options.clock.at(at, () => {
      if (this.nextTick === at) this.nextTick = Number.POSITIVE_INFINITY;
      this.model.tick();
    });
  }

  runnersAsOf(time: number): readonly Runner[] {
    const shown: Runner[] = [];
    for (const [id, { name, labels }] of this.labels) {
      const state = this.runners.stateAt(id, time);
      if (state?.exists) shown.push({ id: Number(id), name, labels, online: state.online, busy: state.busy });
    }
    return shown;
  }

  /** How the runner of that name stands now. */
  truthOf(runnerName: string | undefined): RunnerTruth {
    const runner =
      runnerName === undefined ? undefined : this.model.state.runnersByName.get(`:${runnerName.toLowerCase()}`);
    if (!runner) return 'none';
    if (runner.busy) return 'busy';
    return runner.job ? 'taken' : 'registered';
  }

  /** Names of the runners that deployments registered. */
  ourRunners(): string[] {
    return [...this.model.state.runners.values()].map(({ name }) => name).filter((name) => name.startsWith('mf-'));
  }

  private note(event: ModelEvent): void {
    switch (event.kind) {
      case 'delivery-queued':
        this.send();
        return;
      case 'delivery-sent':
        return;
      case 'runner-registered':
      case 'runner-online':
      case 'runner-offline':
      case 'runner-removed':
        this.noteRunner(event.runnerId, event.kind === 'runner-removed');
        break;
      default:
        this.noteJob(event);
    }
    this.options.tell({ kind: 'github', event });
  }

  private noteRunner(runnerId: number, isRemoved: boolean): void {
    const id = String(runnerId);
    const record = this.model.state.runners.get(runnerId);
    if (record && !this.labels.has(id)) this.labels.set(id, { name: record.name, labels: record.labels });
    const state = isRemoved || !record ? GONE : { exists: true, online: record.online, busy: record.busy };
    this.runners.note(id, this.options.clock.now, state);
  }

  private noteJob({ kind, job }: Extract<ModelEvent, { job: object }> & { job: { id: string } }): void {
    const { now } = this.options.clock;
    if (kind === 'job-started') {
      this.jobs.note(job.id, now, 'in_progress');
      const runner = this.model.findJob(Number(job.id))?.runner;
      if (runner) this.noteRunner(runner.id, false);
    } else {
      this.jobs.note(job.id, now, kind === 'job-completed' ? 'completed' : 'queued');
    }
  }

  private send(): void {
    for (const delivery of this.model.takeDeliveries()) {
      if (this.wasLate.delete(delivery.guid)) this.sendSoon(delivery);
      else this.sendAtAll(delivery);
    }
  }

  private sendAtAll(delivery: Delivery): void {
    const { strike, clock } = this.options;
    if (this.isHeardOf(delivery) && strike('webhook-vanished', delivery.action)) return;
    const late = strike('webhook-late', delivery.action);
    if (!late) {
      this.sendSoon(delivery);
      return;
    }
    this.underWay += 1;
    clock.after(late.between(1_000, LATE_MS), () => {
      this.underWay -= 1;
      this.wasLate.add(delivery.guid);
      this.model.postponeDelivery(delivery);
    });
  }

  private sendSoon(delivery: Delivery): void {
    const { strike, clock } = this.options;
    const at = Math.max(clock.now + 50 + this.travel.about(400), this.awayUntil + this.travel.between(0, 2_000));
    this.underWay += 1;
    clock.at(at, () => void this.deliver(delivery));
    if (strike('webhook-duplicate', delivery.action)) clock.at(at, () => void this.deliverAgain(delivery));
  }

  private isHeardOf = (delivery: Delivery) => this.heardOf.has(placeOf(delivery));

  private async deliver(delivery: Delivery): Promise<void> {
    const sentAt = this.options.clock.now;
    const statusCode = this.options.strike('webhook-lost', delivery.action) ? 0 : await this.deliverToAll(delivery);
    const isHeard = !this.options.strike('webhook-unheard', delivery.action);
    if (statusCode === 0 || !isHeard) await this.options.clock.sleep(ANSWER_MS);
    this.underWay -= 1;
    const now = this.options.clock.now;
    this.model.recordDelivery(delivery, {
      deliveredAt: now,
      durationMs: now - sentAt,
      statusCode: isHeard ? statusCode : 0,
      status: statusCode >= 200 && statusCode < 300 ? 'OK' : 'failed',
      url: 'https://webhook.example',
      requestHeaders: {},
      responseHeaders: {},
      responseBody: '',
    });
  }

  /** GitHub's own duplicate has no delivery of its own. */
  private async deliverAgain(delivery: Delivery): Promise<void> {
    this.underWay += 1;
    await this.deliverToAll(delivery);
    this.underWay -= 1;
  }

  /** The worst of the answers: GitHub knows one webhook. */
  private async deliverToAll(delivery: Delivery): Promise<number> {
    const request = this.model.signDelivery(delivery);
    const forged = this.options.strike('webhook-forged');
    const stranger = this.options.strike('webhook-stranger');
    if (forged) for (const hook of this.hooks) void hook(forge(request), 'forger');
    if (stranger) for (const hook of this.hooks) void hook(this.ofStranger(delivery), 'stranger');
    const statuses = await Promise.all(this.hooks.map((hook) => hook(request, 'github')));
    if (statuses.includes(202)) this.heardOf.add(placeOf(delivery));
    return statuses.find((status) => status < 200 || status >= 300) ?? statuses[0] ?? 0;
  }

  /** The same App, installed on another account: signed with the same secret. */
  private ofStranger(delivery: Delivery): SignedRequest {
    const payload = delivery.payload as StrangerPayload;
    const organization = { ...payload.organization, login: 'stranger' };
    const repository = { ...payload.repository, owner: { ...payload.repository.owner, login: 'stranger' } };
    const workflow_job = { ...payload.workflow_job, id: payload.workflow_job.id + 500_000_000 };
    const installation = { id: INSTALLATION_ID + 1 };
    return this.model.signDelivery({
      ...delivery,
      payload: { ...payload, organization, repository, workflow_job, installation },
    });
  }
}

interface StrangerPayload {
  readonly organization: object;
  readonly repository: { readonly owner: object };
  readonly workflow_job: { readonly id: number };
}

const GONE: RunnerState = { exists: false, online: false, busy: false };

/** Labels stand for the deployment that serves them. */
const placeOf = ({ job }: Delivery) => `${job.run.repository.fullName} ${job.labels.join()}`;

/** Another job under the signature of a real event. */
function forge({ headers, body }: SignedRequest): SignedRequest {
  return { headers, body: body.replace('"action":"', '"action":"queued","was":"') };
}
