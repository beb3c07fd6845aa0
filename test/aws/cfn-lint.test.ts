import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EXAMPLES, synthExample } from '../unit/template/synth-example.ts';

/** W3005: the CDK writes dependencies that follow from references too. */
const IGNORED = 'W3005';

test.each(EXAMPLES)(
  'cfn-lint finds nothing in the template of examples/%s',
  (name) => {
    const { folder, template } = synthExample(name);
    const lint = spawnSync('cfn-lint', ['--ignore-checks', IGNORED, '--regions', 'us-east-1', '--template', template], {
      timeout: 60_000,
    });
    rmSync(folder, { recursive: true, force: true });
    expect({ status: lint.status, said: `${lint.stdout}${lint.stderr}`, error: lint.error?.message }).toEqual({
      status: 0,
      said: '',
      error: undefined,
    });
  },
  90_000,
);
