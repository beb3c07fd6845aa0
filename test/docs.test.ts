import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { SYNTH_CODES } from '../src/constructs/synth-error.ts';
import { CODES as FUNCTION_CODES } from '../src/core/codes.ts';
import { limits } from '../src/core/limits.ts';

const CODES = { ...FUNCTION_CODES, ...SYNTH_CODES };

const documents = [...globSync('*.md'), ...globSync('docs/**/*.md')];
const read = (file: string) => readFileSync(file, 'utf8');

const HEADINGS: Readonly<Record<string, string>> = {
  MF10: 'Webhook requests that are refused',
  MF11: 'Events that are ignored',
  MF12: 'Why a job waits',
  MF13: 'Why an instance ended',
  MF15: 'Messages that fail',
  MF16: 'Alarms of the reconciler',
  MF20: 'Command line and rehearsal',
  MF30: 'Constructs, at synth',
};

function renderCodes(): string {
  const sections = Object.entries(HEADINGS).map(([prefix, heading]) => {
    const rows = Object.entries(CODES)
      .filter(([, { code }]) => code.startsWith(prefix))
      .sort(([, a], [, b]) => a.code.localeCompare(b.code))
      .map(([reason, { code, says, next }]) => `| ${code} | \`${reason}\` | ${says} | ${next} |`);
    return `## ${heading}\n\n| code | reason | what happened | what to do |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Codes\n\nGenerated from \`src/core/codes.ts\` and \`src/constructs/synth-error.ts\` by \`npm run docs:generate\`.\n\n${sections.join('\n')}`;
}

test('docs/error-codes.md lists every code', async () => {
  await expect(renderCodes()).toMatchFileSnapshot('../docs/error-codes.md');
});

const UNITS = [
  ['days', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** The largest unit in which it is a whole number; a single day is 24 h. */
function valueOfLimit(name: keyof typeof limits): string {
  const value = limits[name];
  if (!name.endsWith('Ms')) return String(value);
  const [unit, ms] = UNITS.find(([, size]) => value % size === 0 && (size < 86_400_000 || value > size)) ?? UNITS[4];
  return `${value / ms} ${unit}`;
}

const isLimit = (name: string): name is keyof typeof limits => Object.hasOwn(limits, name);

test('docs/no-job-lost.md has the values of the limits that it names', async () => {
  const page = read('docs/no-job-lost.md');
  const named = [...page.matchAll(/`(\w+)` \([^)]*\)/g)].map((match) => match[1] as string);
  expect(named.filter((name) => !isLimit(name))).toEqual([]);
  expect(new Set(named).size).toBeGreaterThan(20);
  const valued = page.replace(/`(\w+)` \([^)]*\)/g, (text, name) =>
    isLimit(name) ? `\`${name}\` (${valueOfLimit(name)})` : text,
  );
  await expect(valued).toMatchFileSnapshot('../docs/no-job-lost.md');
});

test('codes are unique, of a known kind, and say what to do', () => {
  const all = Object.values(CODES);
  expect(new Set(all.map(({ code }) => code)).size).toBe(all.length);
  for (const { code, says, next } of all) {
    expect(code).toMatch(/^MF\d{4}$/);
    expect(Object.keys(HEADINGS)).toContain(code.slice(0, 4));
    expect([says, next].every((text) => /[.?]$/.test(text.replace(/`$/, '')))).toBe(true);
  }
});

test('every code is used somewhere', () => {
  const sources = globSync('src/**/*.ts')
    .filter((file) => !file.endsWith('codes.ts') && !file.endsWith('.test.ts'))
    .map(read)
    .join('\n');
  const unused = Object.keys(CODES).filter((reason) => !sources.includes(reason));
  expect(unused).toEqual([]);
});

test('every file that a document names is there', () => {
  const broken: string[] = [];
  for (const file of documents) {
    const text = read(file);
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) =>
      join(dirname(file), match[1] as string),
    );
    const paths = [...text.matchAll(/`((?:src|test|docs|examples|scripts)\/[^`\s]*)`/g)].map(
      (match) => match[1] as string,
    );
    broken.push(...[...links, ...paths].filter((path) => !existsSync(path)).map((path) => `${file}: ${path}`));
  }
  expect(broken).toEqual([]);
});

test('every npm script that a document names is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = documents.flatMap((file) =>
    [...read(file).matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] as string),
  );
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test("the README's app is the example that the packaging tests synthesise", () => {
  const [, block] = /```ts\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
  expect(block).toBe(read('examples/minimal/app.ts'));
});
