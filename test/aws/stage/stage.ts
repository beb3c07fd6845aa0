/**
 * A deployed Mayfly without an account: the real CDK CLI deploys the real template to moto, and the deployed bundles run
 * behind it as Lambda runs them, with the rights of their deployed roles.
 *
 *   GitHub stand-in -(webhook)-> HTTP API -> webhook ─┐                    ┌─> moto: SQS, DynamoDB, EC2, S3, SSM ...
 *        ^                                            ├─ gate (SigV4, IAM) ┤        │
 *        '── HTTPS ──── dispatch, runner-cache <- poller ──────────────────┘   EventBridge rule -> queue
 *
 * Nothing runs on a schedule: tests call `reconcile()`. All but moto goes by a clock that they can move on.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DISPATCH_ENV, RUNNER_CACHE_ENV, WEBHOOK_ENV } from '../../../src/constructs/contract.ts';
import { type Moto, startMoto } from '../moto.ts';
import { POOLS, type Pools, STACK, synthesise } from './app.ts';
import { deploy } from './deploy.ts';
import { Deployed, type FunctionName } from './deployed.ts';
import { type Gate, openGate } from './gate.ts';
import { openGitHub, type StageGitHub } from './github.ts';
import { openHttpApi } from './http-api.ts';
import { writeWorker } from './lambda/start-environment.ts';
import { LambdaHost } from './lambda-host.ts';
import { type InstanceChange, MotoControl } from './moto-control.ts';
import { pollQueue, type QueuePoller } from './queue-poller.ts';

/** A new AWS account has ten environments at once, for all functions. */
const CONCURRENCY = 10;
const WATCH_MS = 100;

export interface StageOptions {
  /** Default: `linux` at on-demand prices, and `spot` with fallback. */
  readonly pools?: Pools;
  /** Told of every change of every instance, in order: for hosts that boot them. */
  readonly onInstance?: (change: InstanceChange) => void;
}

export interface Stage {
  readonly moto: Moto;
  readonly control: MotoControl;
  readonly gate: Gate;
  readonly github: StageGitHub;
  readonly deployed: Deployed;
  readonly webhookUrl: string;
  readonly webhookSecret: string;
  readonly webhook: LambdaHost;
  readonly dispatch: LambdaHost;
  readonly reconciler: LambdaHost;
  readonly runnerCache: LambdaHost;
  readonly poller: QueuePoller;
  /** Runs the reconciler once, as its schedule does each minute. Gives what it logged at the end. */
  reconcile(): Promise<Readonly<Record<string, unknown>>>;
  /** Lets so many milliseconds pass at once, for all but moto: its queues and instances stay as old as they are. */
  moveClock(ms: number): void;
  /** Names and addresses of what was deployed. */
  readonly names: StageNames;
  close(): Promise<void>;
}

export interface StageNames {
  readonly deploymentId: string;
  readonly table: string;
  readonly mailboxTable: string;
  readonly bucket: string;
  readonly queueUrl: string;
  readonly deadLetterUrl: string;
  readonly appSecretArn: string;
}

type Closer = () => unknown;

/** About ten seconds. `close()` ends every process and removes the folder. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const closers: Closer[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await build(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(options: StageOptions, closers: Closer[], close: () => Promise<void>): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-stage-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  await promisify(execFile)(process.execPath, ['scripts/build.mjs', '--lambda']);
  const github = await openGitHub(folder);
  closers.push(github.close);
  const moto = await startMoto();
  closers.push(moto.stop);
  const deployed = await deployApp(moto, github, folder, options.pools ?? POOLS);
  const control = new MotoControl(moto.access.endpoint);
  const gate = await openGate(moto.access.endpoint, deployed.facts());
  closers.push(() => gate.close());
  const webhookSecret = randomBytes(20).toString('hex');
  await fillSecrets(moto, deployed, webhookSecret, github);

  const worker = writeWorker(folder);
  const hostOf = async (name: FunctionName) => {
    const host = await openHost(deployed, name, gate, worker, moto.access.region, github.certificate);
    closers.push(() => host.close());
    return host;
  };
  const webhook = await hostOf('webhook');
  const dispatch = await hostOf('dispatch');
  const reconciler = await hostOf('reconcile');
  const runnerCache = await hostOf('runner-cache');
  await mustWork(runnerCache, {});
  const poller = await openPoller(deployed, dispatch, gate, moto);
  closers.push(poller.close);
  const api = await openHttpApi(new Map([[routeOf(deployed), webhook]]));
  closers.push(api.close);
  const webhookUrl = `${api.url}/webhook`;
  github.model.setHook({ url: webhookUrl, secret: webhookSecret });
  closers.push(watchInstances(control, options.onInstance));
  const hosts = { webhook, dispatch, reconciler, runnerCache, poller };
  const clock = movableClock();
  closers.push(clock.reset);
  return {
    ...{ moto, control, gate, github, deployed, webhookUrl, webhookSecret },
    ...hosts,
    reconcile: () => runReconciler(reconciler),
    moveClock: clock.move,
    names: namesOf(deployed),
    close,
  };
}

async function deployApp(moto: Moto, github: StageGitHub, folder: string, pools: Pools): Promise<Deployed> {
  const assembly = join(folder, 'cdk.out');
  synthesise(assembly, github.url, pools);
  await deploy(moto.access, assembly, folder).catch((error: Error) => {
    throw new Error(`${error.message}\n${moto.tail()}`);
  });
  const resources = await new MotoControl(moto.access.endpoint).resources();
  return new Deployed(resources, STACK, assembly, moto.access);
}

async function fillSecrets(moto: Moto, deployed: Deployed, webhookSecret: string, github: StageGitHub): Promise<void> {
  const secrets = new SecretsManagerClient(moto.access);
  const put = (SecretId: string, SecretString: string) =>
    secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
  await put(deployed.variableOf('webhook', WEBHOOK_ENV.secretArn), webhookSecret);
  await put(deployed.variableOf('dispatch', DISPATCH_ENV.appSecretArn), JSON.stringify(github.appCredentials));
  secrets.destroy();
}

async function openHost(
  deployed: Deployed,
  name: FunctionName,
  gate: Gate,
  worker: string,
  region: string,
  certificate: string,
): Promise<LambdaHost> {
  const resource = deployed.functionNamed(name);
  const one = deployed.toRun(resource);
  const credentials = gate.admit(await deployed.principal(resource.properties.Role, one.name));
  const variables = {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_ENDPOINT_URL: gate.url,
    NODE_EXTRA_CA_CERTS: certificate,
  };
  return new LambdaHost({ worker, function: one, variables, concurrency: CONCURRENCY });
}

async function mustWork(host: LambdaHost, event: object): Promise<void> {
  const invoked = await host.invoke(event);
  if (invoked.kind !== 'ok')
    throw new Error(`${host.name}: ${JSON.stringify(invoked)}\n${host.logs.slice(-10).join('\n')}`);
}

async function runReconciler(host: LambdaHost): Promise<Readonly<Record<string, unknown>>> {
  await mustWork(host, { source: 'aws.events', 'detail-type': 'Scheduled Event' });
  return host.entries().findLast(({ event }) => event === 'reconcile') ?? {};
}

/** Moves what `Date.now` gives in this process; the functions are told the time with each event. */
function movableClock() {
  const realNow = Date.now;
  let aheadMs = 0;
  return {
    move: (ms: number) => {
      aheadMs += ms;
      Date.now = () => realNow() + aheadMs;
    },
    reset: () => {
      Date.now = realNow;
    },
  };
}

async function openPoller(deployed: Deployed, host: LambdaHost, gate: Gate, moto: Moto): Promise<QueuePoller> {
  const { properties } = deployed.one('AWS::Lambda::EventSourceMapping');
  const { Role } = deployed.functionNamed('dispatch').properties;
  const credentials = gate.admit(await deployed.principal(Role, 'event-source'));
  return pollQueue({
    access: { endpoint: gate.url, region: moto.access.region, credentials },
    queueUrl: deployed.variableOf('dispatch', DISPATCH_ENV.queueUrl),
    queueArn: properties.EventSourceArn,
    host,
    batchSize: Number(properties.BatchSize ?? 10),
    maximumConcurrency: Number(properties.ScalingConfig.MaximumConcurrency),
    reportsFailures: properties.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
  });
}

const routeOf = (deployed: Deployed): string => deployed.one('AWS::ApiGatewayV2::Route').properties.RouteKey;

function namesOf(deployed: Deployed): StageNames {
  const { Variables } = deployed.functionNamed('dispatch').properties.Environment;
  const queueUrl: string = Variables[DISPATCH_ENV.queueUrl];
  const dead = deployed.one('AWS::SQS::Queue', ({ properties }) => properties.RedrivePolicy === undefined);
  return {
    deploymentId: Variables[DISPATCH_ENV.deploymentId],
    table: Variables[DISPATCH_ENV.table],
    mailboxTable: Variables[DISPATCH_ENV.mailboxTable],
    bucket: deployed.variableOf('runner-cache', RUNNER_CACHE_ENV.bucket),
    queueUrl,
    deadLetterUrl: dead.physicalId,
    appSecretArn: Variables[DISPATCH_ENV.appSecretArn],
  };
}

/** Tells of changes until it is called. */
function watchInstances(control: MotoControl, tell: StageOptions['onInstance']): Closer {
  let closed = tell === undefined;
  const watch = async () => {
    for (let seen = 0; !closed; await pause(WATCH_MS)) {
      const changes = await control.changes(seen);
      seen += changes.length;
      for (const change of changes) tell?.(change);
    }
  };
  const watching = watch();
  return async () => {
    closed = true;
    await watching;
  };
}
