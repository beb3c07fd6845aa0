// A cold start of the webhook function beside the floor: a fresh Node process each, from its start to the answer to its
// first event, module init included. In pairs, so that a busy machine slows both; then warm events in one process.
//   npm run bench:webhook [runs]        exits 1 beyond 1.25 x the floor (docs: design, budgets)
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';

const RUNS = Math.max(15, Number(process.argv[2] ?? 25));
const WARM_EVENTS = 200;
const MOST_RATIO = 1.25;
const root = join(import.meta.dirname, '..');
const handlers = {
  ours: join(root, 'dist/lambda/webhook/index.mjs'),
  floor: join(root, 'bench/webhook-floor.mjs'),
};

const server = createServer(async (request, response) => {
  request.resume();
  await once(request, 'end');
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ SecretString: 'secret', MessageId: 'id' }));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const environment = {
  AWS_ENDPOINT_URL: `http://127.0.0.1:${server.address().port}`,
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'AKIATEST',
  AWS_SECRET_ACCESS_KEY: 'key',
  AWS_SESSION_TOKEN: 'token',
  MAYFLY_OWNER: 'acme',
  MAYFLY_DEPLOYMENT: 'blue',
  MAYFLY_POOLS: '[{"name":"linux","labels":["self-hosted","linux"],"priority":0,"publicRepositories":false}]',
  MAYFLY_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/queue',
  MAYFLY_WEBHOOK_SECRET_ARN: 'arn:secret',
};

const body = JSON.stringify({
  action: 'queued',
  workflow_job: {
    id: 1,
    name: 'build',
    status: 'queued',
    labels: ['self-hosted', 'linux'],
    created_at: new Date().toISOString(),
    // As large as GitHub's: some 7 kB.
    steps: Array.from({ length: 50 }, (_, number) => ({
      name: `a step of the job, number ${number}`,
      status: 'queued',
    })),
  },
  repository: { name: 'web', full_name: 'acme/web', private: true, owner: { login: 'acme' } },
  organization: { login: 'acme' },
  installation: { id: 7 },
});
const event = {
  headers: {
    'content-type': 'application/json',
    'x-github-event': 'workflow_job',
    'x-hub-signature-256': `sha256=${createHmac('sha256', 'secret').update(body).digest('hex')}`,
  },
  body,
  isBase64Encoded: false,
};

/** Invokes the handler `events` times, then prints its last status and the CPU time (ms) of an event after the first. */
const HOST = `
const event = JSON.parse(process.env.EVENT);
const { handler } = await import(process.argv[1]);
let { statusCode } = await handler(event);
const before = process.cpuUsage();
for (let n = 1; n < Number(process.argv[2]); n++) ({ statusCode } = await handler(event));
const { user, system } = process.cpuUsage(before);
process.stderr.write(JSON.stringify({ statusCode, cpuMs: (user + system) / 1000 / (Number(process.argv[2]) - 1) }));
process.exit(0);
`;

async function run(handler, events) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOST, handler, String(events)], {
    env: { ...environment, EVENT: JSON.stringify(event) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let printed = '';
  child.stderr.on('data', (chunk) => {
    printed += chunk;
  });
  await once(child, 'close');
  const tookMs = performance.now() - startedAt;
  if (!printed.includes('"statusCode":202')) throw new Error(`${handler} did not answer 202: ${printed}`);
  return { tookMs, cpuMs: JSON.parse(printed).cpuMs };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const times = { ours: [], floor: [] };
for (const name of ['ours', 'floor']) await run(handlers[name], 1);
for (let pair = 0; pair < RUNS; pair += 1) {
  for (const name of pair % 2 ? ['ours', 'floor'] : ['floor', 'ours'])
    times[name].push((await run(handlers[name], 1)).tookMs);
}
const warm = { ours: await run(handlers.ours, WARM_EVENTS), floor: await run(handlers.floor, WARM_EVENTS) };
server.close();

const [ours, floor] = [median(times.ours), median(times.floor)];
const ratio = ours / floor;
console.log(
  `cold, process start to answer, median of ${RUNS} pairs: ours ${ours.toFixed(1)} ms, floor ${floor.toFixed(1)} ms`,
);
console.log(`ratio ${ratio.toFixed(3)} (limit ${MOST_RATIO})`);
console.log(`warm, CPU an event: ours ${warm.ours.cpuMs.toFixed(2)} ms, floor ${warm.floor.cpuMs.toFixed(2)} ms`);
process.exitCode = ratio > MOST_RATIO ? 1 : 0;
