// A cold dispatch function and a batch of queued jobs, where AWS answers in 15 ms, GitHub in 50 ms, the fleet in 300 ms:
// a fresh Node process from its start to its answer, and the calls that a batch makes (docs: design, budgets).
//   npm run bench:dispatch [runs]
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const RUNS = Number(process.argv[2] ?? 9);
const DELAYS_MS = { aws: 15, github: 50, CreateFleet: 300 };
const bundle = join(import.meta.dirname, '../dist/lambda/dispatch/index.mjs');

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const pool = {
  ...{ name: 'linux', labels: ['linux'], priority: 0, publicRepositories: false, platform: 'linux-x64' },
  ...{ scope: { kind: 'organization', organization: 'acme' }, runnerGroupId: 1, roleId: 'AROA', maxRunners: 1_000 },
  ...{ instanceTypes: ['m7i.large'], subnetIds: ['subnet-1'], market: 'spot', onDemandFallback: true },
  ...{ spotAllocation: 'price-capacity-optimized', onDemandAllocation: 'lowest-price' },
  ...{ launchTemplateId: 'lt-1', launchTemplateVersion: '1', idleTimeoutMs: 60_000, bootDeadlineMs: 300_000 },
};
const runnerRow = {
  ...{ pk: { S: 'runner#linux-x64' }, sk: { S: '-' }, v: { N: '1' } },
  ...{ key: { S: 'runner/a.tar.gz' }, sha256: { S: 'aa' }, version: { S: '2.336.0' } },
};

/** Each by what it is asked. The table is empty, but for the runner package; every write is accepted. */
const answers = {
  GetParameters: () => ({ Parameters: [{ Name: '/linux', Value: JSON.stringify(pool) }] }),
  GetSecretValue: () => ({ SecretString: JSON.stringify({ appId: '1', privateKey, installationId: 7 }) }),
  BatchGetItem: (text) => ({
    Responses: { state: text.includes('runner#linux-x64') ? [runnerRow] : [] },
    UnprocessedKeys: {},
  }),
  CreateFleet: (text) => {
    const count = Number(new URLSearchParams(text).get('TargetCapacitySpecification.TotalTargetCapacity'));
    const ids = Array.from({ length: count }, (_, n) => `<item>i-${String(n).padStart(17, '0')}</item>`);
    return `<R><fleetInstanceSet><item><instanceIds>${ids.join('')}</instanceIds></item></fleetInstanceSet></R>`;
  },
  access_tokens: () => ({ token: 'ghs_x', expires_at: new Date(Date.now() + 3_600_000).toISOString() }),
  'generate-jitconfig': () => ({ runner: { id: 1 }, encoded_jit_config: 'eyJhIjoxfQ==' }),
};

let calls = [];
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  const target = request.headers['x-amz-target']?.split('.').at(-1) ?? new URLSearchParams(text).get('Action');
  const name = target ?? request.url.split('/').at(-1);
  calls.push(target ? name : `GitHub ${name}`);
  await pause(DELAYS_MS[name] ?? (target ? DELAYS_MS.aws : DELAYS_MS.github));
  const answer = answers[name]?.(text) ?? {};
  response.writeHead(request.method === 'POST' && !target ? 201 : 200);
  response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;

const environment = {
  ...{ AWS_ENDPOINT_URL: url, AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
  ...{ MAYFLY_DEPLOYMENT: 'blue', MAYFLY_TABLE: 'state', MAYFLY_MAILBOX_TABLE: 'mailbox' },
  ...{ MAYFLY_QUEUE_URL: `${url}/queue`, MAYFLY_APP_SECRET_ARN: 'arn', MAYFLY_POOL_PARAMETERS: '/linux' },
  MAYFLY_GITHUB_URL: url,
};

/** Says how long it took from the start of the process to the end of init, and to the answer. */
const HOST = `
const { handler } = await import(process.argv[1]);
const initMs = performance.now();
const { batchItemFailures } = await handler(JSON.parse(process.env.EVENT));
process.stderr.write(JSON.stringify({ initMs, allMs: performance.now(), failures: batchItemFailures.length }));
process.exit(0);
`;

async function run(jobs) {
  const Records = Array.from({ length: jobs }, (_, at) => ({
    messageId: `m${at}`,
    body: JSON.stringify({
      ...{ kind: 'job', action: 'queued', pool: 'linux', jobId: String(at + 1), name: 'build', repository: 'acme/web' },
      ...{ installationId: 7, createdAt: Date.now(), delivery: `guid-${at}` },
    }),
  }));
  calls = [];
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOST, bundle], {
    env: { ...environment, EVENT: JSON.stringify({ Records }) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let printed = '';
  child.stderr.on('data', (chunk) => {
    printed += chunk;
  });
  await once(child, 'close');
  const result = JSON.parse(printed.slice(printed.indexOf('{')));
  if (result.failures > 0) throw new Error(`${result.failures} messages failed`);
  return { ...result, calls };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)].toFixed(0);
const INIT = /GetParameters|GetSecretValue|access_tokens/;

for (const jobs of [1, 10]) {
  const runs = [];
  for (let n = 0; n < RUNS; n += 1) runs.push(await run(jobs));
  const batch = runs[0].calls.filter((call) => !INIT.test(call));
  const github = batch.filter((call) => call.startsWith('GitHub')).length;
  const init = median(runs.map(({ initMs }) => initMs));
  const invoke = median(runs.map(({ initMs, allMs }) => allMs - initMs));
  console.log(`${jobs} jobs: init ${init} ms, batch ${invoke} ms, in all ${median(runs.map(({ allMs }) => allMs))} ms`);
  console.log(`  calls of the batch: ${github} to GitHub, ${batch.length - github} to AWS: ${summary(batch)}`);
}
server.close();

function summary(names) {
  const counts = Object.entries(Object.groupBy(names, (name) => name));
  return counts.map(([name, all]) => `${all.length} ${name}`).join(', ');
}
