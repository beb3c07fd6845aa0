import { expect, test } from 'vitest';
import { runnerService } from '../../../src/rehearsal/github/runner-service.ts';
import { scriptedRun } from './scripted-run.ts';
import { startStandIn } from './stand-in.ts';

const decode = (text: string) => JSON.parse(Buffer.from(text, 'base64').toString());

test('a runner connects with nothing but its JIT config, and gets a job', async () => {
  const { client, world } = await startStandIn({}, (model) => runnerService(model));
  const { actions } = client().rest;
  const wanted = { org: 'octo-org', name: 'r', runner_group_id: 1, labels: ['self-hosted', 'linux'] };
  const { data } = await actions.generateRunnerJitconfigForOrg(wanted);
  const files = decode(data.encoded_jit_config);
  const { ServerUrl: url } = decode(files['.runner']);
  const { clientId } = decode(files['.credentials']).Data;
  const ask = async (method: string, path: string) => {
    const headers = { Authorization: `Bearer ${clientId}`, 'Runner-Version': '2.336.0' };
    return (await fetch(`${url}${path}`, { method, headers })).text();
  };
  const session = /session_id='(.*)'/.exec(await ask('POST', '/sessions'))?.[1];
  const message = ask('GET', `/sessions/${session}/message`);
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  expect(await message).toMatch(/^job\njob_id='\d+'\njob_name='job a'\n$/);
  expect(world.runnerStory()).toEqual(['r registered', 'r online']);
});
