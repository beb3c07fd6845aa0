import { readFileSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EXAMPLES, synthExample } from './synth-example.ts';

/** CloudFormation takes a template of 1 MB from a bucket; beyond 500 resources a stack is refused. */
const MAX_RESOURCES = 200;

test.each(EXAMPLES)(
  'examples/%s synthesises without a network or an account',
  (name) => {
    const { folder, template } = synthExample(name);
    const text = readFileSync(template, 'utf8');
    rmSync(folder, { recursive: true, force: true });
    const { Resources } = JSON.parse(text);
    expect(Object.keys(Resources).length).toBeLessThan(MAX_RESOURCES);
    expect(text).not.toContain('spot-instances-request"');
    const policies = Object.values<{ Type: string }>(Resources).filter(({ Type }) => Type === 'AWS::IAM::Policy');
    for (const policy of policies) {
      // All inline policies of a role together: 10,240 characters without blanks.
      expect(JSON.stringify(policy).length).toBeLessThan(12_000);
    }
  },
  60_000,
);

test('the minimal example has the two lines of the promise', () => {
  expect(readFileSync('examples/minimal/app.ts', 'utf8')).toContain(
    [
      "const runners = new RunnerFleet(stack, 'Runners', { organization: 'acme' });",
      "runners.addPool('linux', { labels: ['linux', 'x64'] });",
    ].join('\n'),
  );
});
