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
