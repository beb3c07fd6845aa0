import { expect, test } from 'vitest';
import { LocalTable } from '../adapters/local/table.ts';
import type { GitHub, RunnerDownload, RunnerStore } from './ports.ts';
import { runnerKey } from './records.ts';
import { refreshRunnerCache } from './refresh-runner-cache.ts';

const scope = { kind: 'organization', organization: 'acme' } as const;
const download = (version: string, platform: RunnerDownload['platform'] = 'linux-x64'): RunnerDownload => ({
  platform,
  version,
  url: `http://github.test/${version}.tar.gz`,
  sha256: version.padEnd(64, '0'),
});

function cache(offered: () => readonly RunnerDownload[] | 'down') {
  const table = new LocalTable();
  const stored: string[] = [];
  let outcome: Awaited<ReturnType<RunnerStore['store']>> = 'ok';
  const store: RunnerStore = {
    has: async (key) => stored.includes(key),
    store: async (key) => {
      if (outcome === 'ok') stored.push(key);
      return outcome;
    },
  };
  const github = {
    runnerDownloads: async () => {
      const downloads = offered();
      return downloads === 'down' ? { kind: 'unavailable', detail: '' } : { kind: 'ok', downloads };
    },
  } as unknown as GitHub;
  return {
    stored,
    fail: (how: typeof outcome) => {
      outcome = how;
    },
    refresh: (platforms: RunnerDownload['platform'][] = ['linux-x64']) =>
      refreshRunnerCache({ github, store, table }, 7, scope, platforms),
    current: async () => (await table.read([runnerKey('linux-x64')]))[0]?.version,
  };
}

test('the offered package is stored once and becomes current', async () => {
  const c = cache(() => [download('2.336.0')]);
  expect(await c.refresh()).toEqual([{ platform: 'linux-x64', kind: 'current', version: '2.336.0' }]);
  await c.refresh();
  expect(c.stored).toEqual(['runner/linux-x64/2.336.0-2.336.000000.tar.gz']);
  expect(await c.current()).toBe('2.336.0');
});

test('a newer one takes its place, and the older one stays stored', async () => {
  let version = '2.336.0';
  const c = cache(() => [download(version)]);
  await c.refresh();
  version = '2.337.0';
  await c.refresh();
  expect(await c.current()).toBe('2.337.0');
  expect(c.stored).toHaveLength(2);
});

test.each(['corrupt', 'unavailable'] as const)('a new package that is %s changes nothing', async (how) => {
  let version = '2.336.0';
  const c = cache(() => [download(version)]);
  await c.refresh();
  version = '2.337.0';
  c.fail(how);
  expect(await c.refresh()).toEqual([{ platform: 'linux-x64', kind: how }]);
  expect(await c.current()).toBe('2.336.0');
});

test('GitHub down: what is cached stays current', async () => {
  let isDown = false;
  const c = cache(() => (isDown ? 'down' : [download('2.336.0')]));
  await c.refresh();
  isDown = true;
  expect(await c.refresh()).toMatchObject({ kind: 'unavailable' });
  expect(await c.current()).toBe('2.336.0');
});

test('a platform that is not offered does not keep the others from it', async () => {
  const c = cache(() => [download('2.336.0')]);
  expect(await c.refresh(['linux-arm64', 'linux-x64'])).toMatchObject([{ kind: 'not-offered' }, { kind: 'current' }]);
});
