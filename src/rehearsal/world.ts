/**
 * The whole system on this machine: the product's webhook, dispatch and reconciler over in-process adapters, a GitHub
 * stand-in over HTTP, and instances that really execute the boot script.
 *
 *   GitHub stand-in -(signed webhook)-> webhook -> queue -> dispatch -> fleet -> instance host
 *        ^  ^                                                  |  |                  |
 *        |  '---------------- JIT config (REST) ---------------'  '-> mailbox <------'  (signed UpdateItem)
 *        '------------------------- runner: session, job, steps ---------------------'
 *
 * The reconciler looks at table, fleet and GitHub every other second.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGitHubApp } from '../adapters/github/github.ts';
import { verifyHmac } from '../adapters/hmac.ts';
import { LocalFleet } from '../adapters/local/fleet.ts';
import type { InstanceHost, LocalInstance } from '../adapters/local/instance-host.ts';
import { LocalMailbox } from '../adapters/local/mailbox.ts';
import { LocalQueue } from '../adapters/local/queue.ts';
import { LocalRunnerStore } from '../adapters/local/runner-store.ts';
import { LocalTable } from '../adapters/local/table.ts';
import { LocalWebhookSecrets } from '../adapters/local/webhook-secrets.ts';
import type { DispatchDeps } from '../core/dispatch/deps.ts';
import { dispatch } from '../core/dispatch/dispatch.ts';
import { type Message, parseMessage, writeMessage } from '../core/messages.ts';
import type { Clock, Deliveries, Log, Queue } from '../core/ports.ts';
import { refreshRunnerCache } from '../core/refresh-runner-cache.ts';
import type { Pool } from '../core/types.ts';
import type { WebhookAnswer } from '../core/webhook/receive-webhook.ts';
import { controlTime } from './control-clock.ts';
import type { Faults } from './faults/faults.ts';
import { createRunnerKey } from './github/create-runner-key.ts';
import { GitHubModel } from './github/model/model.ts';
import type { ModelEvent } from './github/model/types.ts';
import { runnerService } from './github/runner-service.ts';
import { type GitHubServer, serveGitHub } from './github/serve-github.ts';
import { checkTools } from './hosts/check-tools.ts';
import type { HostChoice } from './hosts/choose-host.ts';
import type { HostOptions, RehearsalHost } from './hosts/host.ts';
import { NspawnHost } from './hosts/nspawn-host.ts';
import { ProcessHost } from './hosts/process-host.ts';
import { type InstanceServices, serveInstances } from './instance-services/serve-instances.ts';
import type { InstanceEvent } from './instance-services/types.ts';
import { LIFETIME_MS } from './pools.ts';
import { pumpQueue, type QueuePump } from './pump-queue.ts';
import { runReconciler } from './run-reconciler.ts';
import { buildRunnerTarball } from './runner/build-runner-tarball.ts';
import { serveWebhook, type WebhookServer } from './serve-webhook.ts';

export const ORGANIZATION = 'acme';
export const REPOSITORY = `${ORGANIZATION}/rehearsal`;
/** Part of every runner's name, as on AWS. */
export const DEPLOYMENT = 'rehearsal';
const INSTALLATION_ID = 7_000_001;
const APP = { id: 4_711, slug: 'mayfly-rehearsal' };
const RUNNER_VERSION = '2.336.0';
const MAILBOX_TABLE = 'mayfly-mailbox';
const BUCKET = 'mayfly-runners';
const VISIBILITY_TIMEOUT_MS = 180_000;
const MAX_RECEIVES = 5;

/** What dispatch or the reconciler logs. */
export type LogEvent = {
  readonly source: 'dispatch' | 'reconciler';
  readonly at: number;
  readonly entry: Parameters<Log>[0];
};

/** All that can be watched, in the order in which it happens. `at` is the wall clock. */
export type WorldEvent =
  | { readonly source: 'github'; readonly at: number; readonly event: ModelEvent }
  | { readonly source: 'webhook'; readonly at: number; readonly answer: WebhookAnswer }
  | { readonly source: 'queue'; readonly at: number; readonly message: Message }
  | LogEvent
  | { readonly source: 'fleet'; readonly at: number; readonly instance: LocalInstance }
  | { readonly source: 'instance'; readonly at: number; readonly event: InstanceEvent }
  | { readonly source: 'boot-log'; readonly at: number; readonly instanceId: string; readonly tail: string };

export interface Leftovers {
  readonly instances: number;
  readonly runners: number;
  readonly processes: number;
  readonly directories: number;
  readonly messages: number;
}

export interface World {
  readonly github: GitHubModel;
  readonly webhookUrl: string;
  readonly webhookSecret: string;
  /** After `close`, the records and messages that lived in this process are gone with it. */
  leftovers(): Leftovers;
  /** Ends every instance, then all servers. It cleans what is left: ask for leftovers first. */
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly pools: readonly Pool[];
  readonly host: HostChoice;
  /** Of the webhook; 0: any free one. */
  readonly port: number;
  /** Their world's control plane has a faster clock. Default: none. */
  readonly faults?: Faults;
  readonly onEvent: (event: WorldEvent) => void;
}

type Tell = (event: DistributiveOmit<WorldEvent, 'at'>) => void;
/** Undoes one step of opening; awaited if it is a promise. */
type Closer = () => unknown;
type DistributiveOmit<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never;

/** @throws CodedError `port-in-use`, `no-bash`, `tool-missing`. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const tell: Tell = (event) => {
    const told = { ...event, at: Date.now() } as WorldEvent;
    options.onEvent(told);
    options.faults?.onEvent(told);
  };
  const closers: Closer[] = [];
  const close = async () => {
    for (const closer of closers.reverse()) await closer();
    closers.length = 0;
  };
  checkTools();
  try {
    return await build(options, tell, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(
  { port, host: choice, faults, ...options }: WorldOptions,
  tell: Tell,
  closers: Closer[],
  close: () => Promise<void>,
): Promise<World> {
  const time = controlTime(faults?.speed ?? 1);
  const { clock } = time;
  const pools = faults ? options.pools.map(faults.pool) : options.pools;
  const run = `${process.pid}-${randomBytes(4).toString('hex')}`;
  const appKey = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const model = newModel(run, tell);
  const github = await openGitHub(model, faults, appKey.publicKey, run, closers);
  const store = new LocalRunnerStore(async (url) => {
    const reply = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
    return new Uint8Array(await reply.arrayBuffer());
  });
  const mailbox = new LocalMailbox();
  const services = await serveInstances({
    ...{ mailbox, clock: Date.now, mailboxTable: MAILBOX_TABLE, bucket: BUCKET, open: (key) => store.open(key) },
    onEvent: (event) => tell({ source: 'instance', event }),
  });
  closers.push(() => services.close());
  const { fleet, host } = openFleet({ choice, pools, clock, faults, githubPort: github.port, run, services, tell });
  closers.push(() => host.close());
  const queue = new LocalQueue({
    clock,
    visibilityTimeoutMs: VISIBILITY_TIMEOUT_MS * time.speed,
    maxReceives: MAX_RECEIVES,
  });
  fleet.onChange((instance) => {
    tell({ source: 'fleet', instance });
    if (instance.state === 'terminated')
      void queue.send(writeMessage({ kind: 'instance', instanceId: instance.id, change: 'terminated' }));
  });
  const credentials = { appId: String(APP.id), privateKey: appKey.privateKey };
  const app = createGitHubApp({ baseUrl: github.url, ...credentials, clock: Date.now });
  const deps: DispatchDeps = {
    deploymentId: DEPLOYMENT,
    pools: new Map(pools.map((pool) => [pool.name, time.stretch(pool)])),
    table: new LocalTable(),
    queue,
    mailbox,
    fleet: faults?.fleet(fleet) ?? fleet,
    github: faults?.github(app.github) ?? app.github,
    jobs: app.jobs,
    clock,
    log: (entry) => tell({ source: 'dispatch', entry }),
  };
  await fillRunnerCache(deps, store);
  closers.push(openPump(queue, deps, tell));
  closers.push(openReconciler(deps, app.deliveries, tell));
  const webhookSecret = randomBytes(24).toString('hex');
  const webhook = await openWebhook({ pools, queue, secret: webhookSecret, port, clock, faults, tell });
  closers.push(() => webhook.close());
  model.setHook({ url: webhook.url, secret: webhookSecret });
  let isClosed = false;
  return {
    github: model,
    webhookUrl: webhook.url,
    webhookSecret,
    leftovers: () => ({
      instances: fleet.instances().filter(({ state }) => state !== 'terminated').length,
      runners: isClosed ? 0 : model.state.runners.size,
      ...host.leftovers(),
      messages: isClosed ? 0 : Object.values(queue.counts()).reduce((sum, count) => sum + count, 0),
    }),
    close: async () => {
      isClosed = true;
      await close();
    },
  };
}

function newModel(seed: string, tell: Tell): GitHubModel {
  const model = new GitHubModel({
    clock: Date.now,
    seed,
    app: APP,
    installation: { id: INSTALLATION_ID, organization: ORGANIZATION },
    runnerKey: createRunnerKey(),
  });
  model.addRepository({ name: REPOSITORY.split('/')[1] as string, private: true });
  model.onEvent((event) => tell({ source: 'github', event }));
  return model;
}

async function openGitHub(
  model: GitHubModel,
  faults: Faults | undefined,
  appPublicKey: string,
  run: string,
  closers: Closer[],
): Promise<GitHubServer> {
  const folder = mkdtempSync(join(tmpdir(), `mayfly-packages-${run}-`));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const tarball = await buildRunnerTarball(folder, RUNNER_VERSION);
  const packages = [{ platform: 'linux-x64' as const, ...tarball, content: tarball.path }];
  const service = runnerService(faults?.runnerBackend(model) ?? model);
  const runners = faults?.runnerService(service, model) ?? service;
  const server = await serveGitHub({ model, appPublicKey, packages, runnerService: runners });
  closers.push(() => server.close());
  return server;
}

interface FleetParts {
  readonly choice: HostChoice;
  readonly pools: readonly Pool[];
  readonly clock: Clock;
  readonly faults?: Faults;
  readonly githubPort: number;
  readonly run: string;
  readonly services: InstanceServices;
  readonly tell: Tell;
}

function openFleet(parts: FleetParts): { fleet: LocalFleet; host: RehearsalHost } {
  const { choice, clock, faults, githubPort, run, services, tell } = parts;
  const options: HostOptions = {
    ...{ run, services, mailboxTable: MAILBOX_TABLE, bucket: BUCKET, lifetimeMs: LIFETIME_MS },
    onRunning: (id) => fleet.instanceRunning(id),
    onEnded: (id, stateReason) => fleet.instanceEnded(id, stateReason),
    onBootLog: (instanceId, tail) => tell({ source: 'boot-log', instanceId, tail }),
  };
  const host =
    choice.kind === 'process'
      ? new ProcessHost(options)
      : new NspawnHost({ ...options, rootfs: choice.rootfs, ports: [githubPort] });
  const fleet: LocalFleet = new LocalFleet({ clock, host: onWallClock(faults?.host(host) ?? host, parts.pools) });
  return { fleet, host };
}

/** An instance is told its pool's times as they pass for it. */
function onWallClock(host: InstanceHost, pools: readonly Pool[]): InstanceHost {
  const own = new Map(pools.map((pool) => [pool.name, pool]));
  return {
    start: (instance, pool) => host.start(instance, own.get(pool.name) ?? pool),
    stop: (instanceId) => host.stop(instanceId),
  };
}

async function fillRunnerCache(deps: DispatchDeps, store: LocalRunnerStore): Promise<void> {
  const scope = { kind: 'organization', organization: ORGANIZATION } as const;
  const refreshed = await refreshRunnerCache({ ...deps, store }, INSTALLATION_ID, scope, ['linux-x64']);
  const isCurrent = Array.isArray(refreshed) && refreshed.every(({ kind }) => kind === 'current');
  if (!isCurrent) throw new Error(`the runner cache was not filled: ${JSON.stringify(refreshed)}`);
}

function openPump(queue: LocalQueue, deps: DispatchDeps, tell: Tell): QueuePump['close'] {
  return pumpQueue(queue, (batch) => dispatch(deps, batch), crashTold(tell, 'dispatch')).close;
}

function openReconciler(deps: DispatchDeps, deliveries: Deliveries, tell: Tell): Closer {
  const log: Log = (entry) => tell({ source: 'reconciler', entry });
  const all = { ...deps, log, deliveries, installationId: INSTALLATION_ID };
  return runReconciler(all, crashTold(tell, 'reconciler')).close;
}

const crashTold = (tell: Tell, source: 'dispatch' | 'reconciler') => (error: unknown) =>
  tell({ source, entry: { event: 'crash', error: (error as Error).stack ?? String(error) } });

interface WebhookParts {
  readonly pools: readonly Pool[];
  readonly queue: LocalQueue;
  readonly secret: string;
  readonly port: number;
  readonly clock: Clock;
  readonly faults?: Faults;
  readonly tell: Tell;
}

function openWebhook({ pools, queue, secret, port, clock, faults, tell }: WebhookParts): Promise<WebhookServer> {
  const told: Queue = {
    send: async (body, delayMs) => {
      const outcome = await queue.send(body, delayMs);
      const message = parseMessage(body);
      if (message) tell({ source: 'queue', message });
      return outcome;
    },
  };
  const deps = {
    config: { owner: ORGANIZATION, installationId: INSTALLATION_ID, pools, deploymentId: DEPLOYMENT },
    secrets: new LocalWebhookSecrets(clock, [secret]),
    verify: verifyHmac,
    queue: faults?.webhookQueue(told) ?? told,
    clock,
  };
  return serveWebhook(deps, port, (answer) => tell({ source: 'webhook', answer }));
}
