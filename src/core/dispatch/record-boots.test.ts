/** What instances report of their boot, and what becomes of it. */
import { expect, test } from 'vitest';
import { runnerNameOf, userIdOf } from '../names.ts';
import { DEPLOYMENT, type World, world } from './dispatch-test-support.ts';

const report = (code: string) =>
  JSON.stringify({ code, line: 12, exit: null, platform: 'linux-x64', phases: { started: 1, metadata: 2 } });

async function reported(w: World, text: string): Promise<string> {
  await w.dispatch(w.event('queued', 1));
  const instanceId = (await w.attempt('1-1'))?.instanceId as string;
  w.mailbox.report(userIdOf('AROATEST', instanceId), text);
  return instanceId;
}

test('why a boot came to nothing is the reason of the attempt and of the job, and joins its history', async () => {
  const w = await world();
  await w.dispatch(w.terminated(await reported(w, report('runner-download'))));
  expect(await w.attempt('1-1')).toMatchObject({
    reason: 'runner-download',
    boot: {
      code: 'runner-download',
      line: 12,
      phases: [
        { name: 'started', at: 1 },
        { name: 'metadata', at: 2 },
      ],
    },
  });
  const job = await w.job(1);
  expect(job).toMatchObject({ state: 'WANTED', reason: 'runner-download', failures: 1 });
  expect(job?.history?.map(({ reason }) => reason)).toEqual(['boot-pending', 'instance-lost', 'runner-download']);
});

test.each([
  ['a code that is none of ours', report('you-won')],
  ["a reason to wait that is not the boot's to give", report('pool-full')],
  ['no report at all', 'reboot=yes'],
])('%s is not believed', async (_what, text) => {
  const w = await world();
  await w.dispatch(w.terminated(await reported(w, text)));
  expect(await w.job(1)).toMatchObject({ state: 'WANTED', reason: 'instance-lost' });
});

test('a boot that served a job is kept as well, and is no reason of anything', async () => {
  const w = await world();
  const instanceId = await reported(w, report('done'));
  await w.dispatch(w.running(1, '1-1'));
  await w.dispatch(w.event('completed', 1, { runnerName: runnerNameOf(DEPLOYMENT, '1-1'), conclusion: 'success' }));
  await w.dispatch(w.terminated(instanceId));
  expect(await w.attempt('1-1')).toMatchObject({ state: 'GONE', boot: { code: 'done' } });
  expect((await w.attempt('1-1'))?.reason).toBeUndefined();
  expect((await w.job(1))?.reason).toBeUndefined();
});
