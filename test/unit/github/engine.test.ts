import { expect, test } from 'vitest';
import { readWorkflow } from '../../../src/rehearsal/workflow/read-workflow.ts';
import { startRun } from '../../../src/rehearsal/workflow/start-run.ts';
import { webhookSchema } from './schemas.ts';
import { World } from './world.ts';

const text = `
name: CI
on: workflow_dispatch
jobs:
  build:
    runs-on: [self-hosted, linux]
    steps:
      - run: echo \${{ github.run_id }} \${{ github.repository }}
      - run: echo never
        if: false
  test:
    needs: build
    runs-on: [self-hosted, linux]
    strategy: { fail-fast: true, matrix: { n: [1, 2, 3] } }
    steps: [{ run: 'exit 1' }]
  late:
    needs: test
    runs-on: [self-hosted, linux]
    steps: [{ run: 'true' }]
`;

test('the real workflow engine runs a job again, and what needs it', async () => {
  const world = new World();
  const text = `
name: CI
on: workflow_dispatch
jobs:
  one: { runs-on: [self-hosted, linux], steps: [{ run: 'true' }] }
  two: { needs: one, runs-on: [self-hosted, linux], steps: [{ run: 'true' }] }
  three: { needs: two, runs-on: [self-hosted, linux], steps: [{ run: 'true' }] }
  sorry: { needs: two, if: failure(), runs-on: [self-hosted, linux], steps: [{ run: 'true' }] }
`;
  const workflow = await readWorkflow('ci.yml', text);
  const run = world.model.addRun((context) => startRun(workflow, context), 'octo-org/closed');
  const work = (name: string, exitCode: number) => {
    const session = world.connect(name);
    const id = world.take(session);
    world.work(session, id, exitCode);
    return Number(id);
  };
  work('r1', 0);
  const two = work('r2', 1);
  expect(world.model.rerunJob(two)).toBe('running');
  const sorry = work('r3', 0);
  expect(world.model.rerunJob(sorry)).toBe('refused');
  world.events.length = 0;
  expect(world.model.rerunJob(two)).toBe('queued');
  work('r4', 0);
  work('r5', 0);
  expect(world.jobStory()).toEqual([
    'queued two',
    'started two r4',
    'completed two r4 success',
    'queued three',
    'completed sorry skipped',
    'started three r5',
    'completed three r5 success',
  ]);
  expect([...run.jobs.values()].map(({ key, attempt }) => `${key} ${attempt}`)).toEqual([
    'one 1',
    'two 2',
    'three 2',
    'sorry 2',
  ]);
  const deliveries = world.model.takeDeliveries().map(({ payload }) => payload);
  for (const payload of deliveries.filter((one) => 'action' in one && one.action === 'queued'))
    expect(webhookSchema('workflow-job-queued')(payload)).toBe(true);
});

test('the real workflow engine drives the model: needs, matrix, fail-fast, lost runner, skipped', async () => {
  const world = new World();
  const workflow = await readWorkflow('ci.yml', text);
  const run = world.model.addRun((context) => startRun(workflow, context), 'octo-org/closed');
  const builder = world.connect('builder');
  const build = world.take(builder);
  expect(world.model.nextStep(builder, build)).toMatchObject({
    kind: 'step',
    step: { script: `echo ${run.id} octo-org/closed` },
  });
  world.model.finishStep(builder, build, { exitCode: 0, envFile: '', outputFile: '', pathFile: '' });
  world.work(builder, build);
  const [first, second] = [world.connect('first'), world.connect('second')];
  const [one, two] = [world.take(first), world.take(second)];
  world.wait(10 * 60_000 - 1);
  world.model.renew(second, two);
  world.wait(1);
  expect(world.model.renew(second, two)).toBe('cancelled');
  world.model.finishJob(second, two, 'cancelled');
  expect([...run.jobs.values()].map(({ name, conclusion }) => `${name}: ${conclusion}`)).toEqual([
    'build: success',
    'test (1): failure',
    'test (2): cancelled',
    'test (3): cancelled',
    'late: skipped',
  ]);
  expect(world.model.findJob(Number(one))?.runner?.name).toBe('first');
  expect(run.run.conclusion).toBe('failure');
  for (const { action, payload } of world.model.takeDeliveries()) {
    const validate = webhookSchema(`workflow-job-${action.replace('_', '-')}`);
    validate(JSON.parse(JSON.stringify(payload)));
    expect(validate.errors ?? []).toEqual([]);
  }
});
