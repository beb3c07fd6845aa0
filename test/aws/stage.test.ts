import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStage, type Stage } from './stage/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterAll(() => stage?.close());

test('deploys, and the runner package lies in the cache', async () => {
  expect(stage.gate.denials()).toEqual([]);
  console.log(stage.names, stage.runnerCache.logs);
});
