/** Installs the packed tarball where a user would, and synthesises the README's app with nothing but Node on the PATH. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const versions = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies;
const folder = mkdtempSync(join(tmpdir(), 'mayfly-packaging-'));
const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
let tarball = '';

/** npm gives its own settings down: the inner npm is to behave as a user's. */
const cleanEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

const run = (program: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = cleanEnv) =>
  execFileSync(program, args, { cwd, env, timeout: 120_000, stdio: ['ignore', 'pipe', 'pipe'] }).toString();

beforeAll(() => {
  const needed = [
    'lib/constructs/index.js',
    '.jsii',
    ...['webhook', 'dispatch', 'reconcile'].map((name) => `dist/lambda/${name}`),
  ];
  const missing = needed.filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) throw new Error(`run \`npm run build\` first: ${missing.join(', ')} is not there`);
  const [packed] = JSON.parse(run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], root));
  tarball = join(folder, packed.filename);
  writeFileSync(join(folder, 'package.json'), '{}');
  const peers = ['aws-cdk-lib', 'constructs'].map((name) => `${name}@${versions[name]}`);
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...peers], folder);

  const app = readFileSync(join(root, 'examples/minimal/app.ts'), 'utf8');
  writeFileSync(join(folder, 'app.ts'), app);
  writeFileSync(join(folder, 'app.mjs'), app);
  writeFileSync(join(folder, 'app.cjs'), app.replace(/import (\{.*\}) from ('.*');/g, 'const $1 = require($2);'));
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The Node of this repository, and the one that the machine came with. */
const nodes = [
  process.execPath,
  ...(process.env.PATH ?? '')
    .split(delimiter)
    .filter((part) => !part.includes('node_modules'))
    .map((part) => join(part, 'node'))
    .filter((file) => existsSync(file))
    .slice(0, 1),
];

const cases = nodes.flatMap((node) => [
  { node, args: ['app.cjs'] },
  { node, args: ['app.mjs'] },
  { node, args: [tsx, 'app.ts'] },
]);

test.each(cases)(
  '$node $args synthesises',
  ({ node, args }) => {
    const out = mkdtempSync(join(folder, 'out-'));
    run(node, args, folder, { PATH: dirname(node), HOME: folder, CDK_OUTDIR: out });
    const { Resources } = JSON.parse(readFileSync(join(out, 'Mayfly.template.json'), 'utf8'));
    const types = Object.values<{ Type: string }>(Resources).map(({ Type }) => Type);
    expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(5);
    expect(types).toContain('AWS::EC2::LaunchTemplate');
  },
  60_000,
);

test.each(nodes)(
  '%s simulates',
  (node) => {
    const mayfly = join(folder, 'node_modules/mayfly-runners/dist/cli/main.mjs');
    expect(run(node, [mayfly, 'sim', '--seeds', '20'], folder)).toContain('no violation');
    expect(() => run(node, [mayfly, 'sim', '--mutants'], folder)).toThrow(/run it in a checkout/);
  },
  60_000,
);

test('the types that the package shows are those of its code (attw), and nothing is amiss (publint)', () => {
  const bin = (name: string) => join(root, 'node_modules/.bin', name);
  expect(run(bin('attw'), [tarball, '--format', 'table-flipped', '--no-color'], folder)).toContain('No problems found');
  expect(run(bin('publint'), [tarball, '--strict'], folder)).not.toMatch(/error|warning/i);
}, 60_000);

test('the package holds what a user needs, and no sources or tests', () => {
  const files = run('tar', ['-tzf', tarball], folder).split('\n');
  const has = (part: string) => files.some((file) => file.startsWith(`package/${part}`));
  const parts = [
    'dist/cli/main.mjs',
    'dist/sim/worker.mjs',
    'dist/lambda/end-all/index.mjs',
    'lib/boot',
    '.jsii',
    'API.md',
    'LICENSE',
  ];
  expect(parts.filter((part) => !has(part))).toEqual([]);
  expect(files.filter((file) => /\.test\.|test-support|tsbuildinfo|^package\/(src|test|docs)\//.test(file))).toEqual(
    [],
  );
});
