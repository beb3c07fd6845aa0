import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** Folder -> what its sources may import: folders of this repository, '<packages>' or '<node>'. Tests are free. */
const fences: Record<string, readonly string[]> = {
  'src/core': ['src/core'],
  'src/adapters': ['src/adapters', 'src/core', 'src/constructs/contract', '<packages>', '<node>'],
  'src/boot': ['src/boot', '<node>'],
  'src/constructs': ['src/constructs', 'src/boot', '<packages>', '<node>'],
  'src/lambda': ['src/lambda', 'src/core', 'src/adapters', 'src/constructs/contract', '<node>'],
  'src/rehearsal': [
    'src/rehearsal',
    'src/core',
    'src/adapters',
    'src/boot',
    'src/constructs/contract',
    '<packages>',
    '<node>',
  ],
  sim: [
    'sim',
    'src/core',
    'src/adapters/local',
    'src/adapters/hmac',
    'src/rehearsal/github/model',
    'src/rehearsal/github/direct-ports',
    'src/rehearsal/workflow/types',
    '<packages>',
    '<node>',
  ],
  'src/cli': ['src/cli', 'src/rehearsal', 'src/core', 'src/adapters', 'src/boot', '<packages>', '<node>'],
};

const sources = (folder: string) =>
  globSync(`${folder}/**/*.ts`).filter((file) => !/(\.test|\.contract|test-support)\.ts$/.test(file));

const importsOf = (source: string) =>
  [
    ...source.matchAll(/\b(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g),
  ].map((match) => (match[1] ?? match[2]) as string);

function target(file: string, specifier: string): string {
  if (specifier.startsWith('node:')) return '<node>';
  if (!specifier.startsWith('.')) return '<packages>';
  return normalize(join(dirname(file), specifier));
}

test('every source folder has a fence', () => {
  const folders = globSync('src/*/').map((folder) => folder.replace(/\/$/, ''));
  expect(folders.filter((folder) => !(folder in fences))).toEqual([]);
});

test('sources import only what their folder may', () => {
  const breaches: string[] = [];
  for (const [folder, allowed] of Object.entries(fences)) {
    for (const file of sources(folder)) {
      for (const specifier of importsOf(readFileSync(file, 'utf8'))) {
        const to = target(file, specifier);
        if (!allowed.some((may) => to === may || to.startsWith(`${may}/`) || to.startsWith(`${may}.`)))
          breaches.push(`${file} imports ${specifier}`);
      }
    }
  }
  expect(breaches).toEqual([]);
});

/** The pure parts: their time is handed in, so that a simulator can turn it. */
const clockless = ['src/core', 'src/adapters/local', 'src/rehearsal/github/model', 'src/rehearsal/workflow'];

test('core, local adapters and models have no clock, no chance, no environment', () => {
  const breaches = clockless
    .flatMap(sources)
    .filter((file) =>
      /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bprocess\.|\bset(Timeout|Interval|Immediate)\b|\brandomUUID\b/.test(
        readFileSync(file, 'utf8'),
      ),
    );
  expect(breaches).toEqual([]);
});

/** Of the simulator, only what talks to people and threads may look at a clock; its own lets what was promised settle. */
const outsideOfWorlds = /^sim\/(commands|mutants|testing|main|thread-pool|clock)\b/;

test('simulated worlds have no other time and no other chance than their own', () => {
  const breaches = sources('sim')
    .filter((file) => !outsideOfWorlds.test(file))
    .filter((file) =>
      /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\b|\bset(Timeout|Interval|Immediate)\b|\brandomUUID\b/.test(
        readFileSync(file, 'utf8'),
      ),
    );
  expect(breaches).toEqual([]);
});

test('files stay short', () => {
  const lengths = globSync('{src,sim,test,bench}/**/*.ts').map((file) => ({
    file,
    lines: readFileSync(file, 'utf8').split('\n').length - 1,
  }));
  expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
});

test('the lock file records no download address', () => {
  expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved": "http/);
});
