/** For tests: a scripted AWS and GitHub for the functions that launch, configured as far as they need it. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import {
  type ScriptedAnswer,
  type ScriptedServer,
  type SeenRequest,
  startScriptedServer,
} from '../adapters/contracts/scripted-server.ts';
import {
  type Bundles,
  buildBundles,
  type Invoked,
  type RunningFunction,
  startFunction,
} from './lambda-test-support.ts';

const privateKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;

const parameter = {
  name: 'linux',
  labels: ['linux'],
  priority: 0,
  publicRepositories: false,
  platform: 'linux-x64',
  scope: { kind: 'organization', organization: 'acme' },
  launchTemplateId: 'lt-1',
  launchTemplateVersion: '1',
  maxRunners: 10,
};

/** As the secret of the App has it. */
export const credentials = { appId: 12, privateKey, installationId: 7 };

type Answers = Readonly<Record<string, ScriptedAnswer>>;

const usual: Answers = {
  GetParameters: { status: 200, body: { Parameters: [{ Name: '/blue/linux', Value: JSON.stringify(parameter) }] } },
  GetSecretValue: { status: 200, body: { SecretString: JSON.stringify(credentials) } },
  '/app/installations/7/access_tokens': {
    status: 201,
    body: { token: 'ghs_token', expires_at: new Date(Date.now() + 3_600_000).toISOString() },
  },
  '/orgs/acme/installation': { status: 200, body: { id: 7 } },
  BatchGetItem: { status: 200, body: { Responses: {}, UnprocessedKeys: {} } },
  Query: { status: 200, body: { Items: [], Count: 0 } },
  PutItem: { status: 200, body: {} },
  UpdateItem: { status: 200, body: {} },
  DeleteItem: { status: 200, body: {} },
  TransactWriteItems: { status: 200, body: {} },
  DescribeInstances: { status: 200, body: '<R><reservationSet/></R>' },
};

/** What of the configuration may be amiss; none of it may show the secret: `SECRET-TEXT` stands for it. */
export const NOT_CONFIGURED: [string, Answers][] = [
  ['the secret has no value yet', { GetSecretValue: { status: 400, body: { __type: 'ResourceNotFoundException' } } }],
  ['the secret is no JSON', { GetSecretValue: { status: 200, body: { SecretString: 'SECRET-TEXT' } } }],
  ['the secret lacks the key', { GetSecretValue: { status: 200, body: { SecretString: '{"appId":"SECRET-TEXT"}' } } }],
  ['a parameter is missing', { GetParameters: { status: 200, body: { InvalidParameters: ['/blue/linux'] } } }],
  [
    'a parameter is no JSON',
    { GetParameters: { status: 200, body: { Parameters: [{ Name: '/blue/linux', Value: 'SECRET-TEXT' }] } } },
  ],
];

/** Of AWS its name, of GitHub its path. */
const operation = ({ headers, url, text }: SeenRequest) =>
  String(headers['x-amz-target'] ?? new URLSearchParams(text).get('Action') ?? url)
    .split('.')
    .at(-1) ?? '';

export interface LaunchWorld<Answer> {
  /** From now on, in place of the usual ones, by operation. */
  answer(answers: Answers): void;
  start(more?: Readonly<Record<string, string>>): Promise<void>;
  invoke(event: unknown): Promise<Invoked<Answer>>;
  readonly running: RunningFunction<Answer>;
  /** Operations so far, in order. */
  operations(): string[];
  count(name: string): number;
}

/** The bundle of a function in a world of its own for each test of the file. */
export function useLaunchWorld<Answer>(bundle: 'dispatch' | 'reconcile'): LaunchWorld<Answer> {
  let bundles: Bundles;
  let server: ScriptedServer;
  let running: RunningFunction<Answer> | undefined;
  let answers: Answers = {};

  beforeAll(async () => {
    bundles = buildBundles();
    server = await startScriptedServer();
  }, 30_000);
  beforeEach(() => {
    answers = {};
    server.seen.length = 0;
    server.answer((request) => answers[operation(request)] ?? usual[operation(request)] ?? { status: 500, body: {} });
  });
  afterEach(() => {
    running?.stop();
    running = undefined;
  });
  afterAll(async () => {
    bundles?.remove();
    await server?.close();
  });

  const started = () => {
    if (!running) throw new Error('it was not started');
    return running;
  };
  const operations = () => server.seen.map(operation);
  return {
    answer: (more) => {
      answers = more;
    },
    start: async (more = {}) => {
      running = await startFunction<Answer>(bundles.path(bundle), {
        AWS_ENDPOINT_URL: server.url,
        MAYFLY_DEPLOYMENT: 'blue',
        MAYFLY_TABLE: 'state',
        MAYFLY_MAILBOX_TABLE: 'mailbox',
        MAYFLY_QUEUE_URL: `${server.url}/queue`,
        MAYFLY_APP_SECRET_ARN: 'arn:app',
        MAYFLY_POOL_PARAMETERS: '/blue/linux',
        MAYFLY_GITHUB_URL: server.url,
        MAYFLY_OWNER: 'acme',
        ...more,
      });
    },
    invoke: (event) => started().invoke(event),
    get running() {
      return started();
    },
    operations,
    count: (name) => operations().filter((one) => one === name).length,
  };
}
