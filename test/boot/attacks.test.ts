/** What a job can reach from inside a deployed fleet's machine, against the policies as they are deployed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PoolImage } from '../../src/constructs/pool-image.ts';
import { prepareRootfs } from '../../src/rehearsal/hosts/nspawn-rootfs.ts';
import { readWorkflow } from '../../src/rehearsal/workflow/read-workflow.ts';
import { startRun } from '../../src/rehearsal/workflow/start-run.ts';
import { ORGANIZATION, REPOSITORY, RUNNER_VERSION } from '../aws/stage/github.ts';
import { quiet } from '../aws/stage/look.ts';
import { openStage, type Stage } from '../aws/stage/stage.ts';
import { attackAws, attackGitHub, attackMachine, disarm, findSecrets, type Targets } from './attack-script.ts';
import { StageMachines } from './stage-machines.ts';
import { tracesOf } from './traces.ts';

/** The machines are no image of AWS's. */
const image = PoolImage.ami('ami-00000000000000001');
const HOURS_MS = 3_600_000;

let stage: Stage;
let machines: StageMachines;
let targets: Targets;
beforeAll(async () => {
  machines = new StageMachines(await prepareRootfs(() => {}));
  const pools = { open: { labels: ['open'], image }, locked: { labels: ['locked'], image, jobSudo: false } };
  stage = await openStage({ onInstance: machines.onInstance, pools });
  machines.join(stage);
  const { names, gate, github } = stage;
  targets = {
    ...{ ...names, aws: gate.url, github: `${github.url}/api/v3`, organization: ORGANIZATION },
    ...{ stateTable: names.table, launchTemplate: 'lt-0' },
  };
}, 600_000);
afterAll(async () => {
  await machines?.close();
  await stage?.close();
  expect(tracesOf(machines.run)).toEqual([]);
});

/** Starts a job that runs the script, as root if it is wanted; gives its id. */
async function start(label: string, script: string, asRoot: boolean): Promise<number> {
  const body = asRoot ? `sudo bash -s <<'ROOT'\n${script}\nROOT` : script;
  const lines = body.split('\n').map((line) => `          ${line}`);
  const head = [
    ...['name: attack', 'on: push', 'jobs:', '  attack:', `    runs-on: [self-hosted, ${label}]`],
    ...['    steps:', '      - shell: bash', '        run: |'],
  ];
  const workflow = await readWorkflow('attack.yml', [...head, ...lines, ''].join('\n'));
  const known = new Set(stage.github.model.state.jobs.keys());
  stage.github.model.addRun((context) => startRun(workflow, context), REPOSITORY);
  return Number([...stage.github.model.state.jobs.keys()].find((id) => !known.has(id)));
}

/** Runs it to the end of its machine; gives what the job's log says: name -> outcome. */
async function attack(label: string, script: string, asRoot = false): Promise<Record<string, string>> {
  const ends = machines.ends.length;
  const id = await start(label, script, asRoot);
  await expect.poll(() => machines.ends.length, { timeout: 60_000 }).toBe(ends + 1);
  await quiet(stage);
  const log = stage.github.model.jobLog(id);
  return Object.fromEntries([...log.matchAll(/^([a-z-]+): (.*)$/gm)].map(([, name, outcome]) => [name, outcome]));
}

const DENIED = {
  ...{ 'take-of-another': 'AccessDenied', 'whole-row': 'AccessDenied', 'read-row': 'AccessDenied' },
  ...{ 'list-rows': 'AccessDenied', 'read-state': 'AccessDenied', 'app-secret': 'AccessDenied' },
  ...{ parameter: 'AccessDenied', queue: 'AccessDenied', launch: 'UnauthorizedOperation' },
  ...{ terminate: 'UnauthorizedOperation', tag: 'UnauthorizedOperation', list: 'UnauthorizedOperation' },
  ...{ 'logs-of-another': 'AccessDenied', 'read-own-logs': 'AccessDenied', 'list-bucket': 'AccessDenied' },
  'replace-runner': 'AccessDenied',
  // It may ask for its own row, and finds it spent.
  'take-again': 'ConditionalCheckFailed',
};

describe.each([
  ['its user', false],
  ['root', true],
])('a job as %s', (_, asRoot) => {
  test('can do nothing at AWS but what its instance needs', { timeout: 90_000 }, async () => {
    expect(await attack('open', attackAws(targets), asRoot)).toEqual(DENIED);
  });

  test('can register no runner, and its own is worth nothing afterwards', { timeout: 90_000 }, async () => {
    const { client, ...outcomes } = await attack('open', attackGitHub(targets), asRoot);
    expect(outcomes).toEqual({ 'further-runner': '401', 'registration-token': '401', 'list-runners': '401' });
    expect(client).toMatch(/^[\w-]{8,}$/);
    expect(stage.github.model.connect(client as string, RUNNER_VERSION)).not.toMatchObject({ kind: 'ok' });
  });
});

test('a job as root finds no secret of Mayfly on its machine', { timeout: 90_000 }, async () => {
  expect(await attack('open', findSecrets, true)).toEqual({ secrets: '/run/decoy' });
});

test('a job without sudo reaches nothing of the system, and disarms nothing', { timeout: 90_000 }, async () => {
  const { 'read-own-credentials': own, ...outcomes } = await attack('locked', attackMachine);
  expect(own).toBe('done');
  expect(new Set(Object.values(outcomes))).toEqual(new Set(['refused']));
  expect(Object.keys(outcomes)).toHaveLength(10);
});

test('a job with sudo may disarm every guard: the reconciler ends it', { timeout: 90_000 }, async () => {
  const ends = machines.ends.length;
  const id = await start('open', disarm, true);
  await expect.poll(() => stage.github.model.jobLog(id), { timeout: 30_000 }).toContain('disarmed');
  await stage.reconcile();
  expect(machines.ends).toHaveLength(ends);
  stage.moveClock(7 * HOURS_MS);
  await stage.reconcile();
  await expect.poll(() => machines.ends.length, { timeout: 20_000 }).toBe(ends + 1);
  expect(machines.ends.at(-1)).toMatchObject({ how: 'stopped', isGone: true });
});
