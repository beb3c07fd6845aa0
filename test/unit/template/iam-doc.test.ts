/** docs/iam.md: what each role of a fleet with one pool may do, as the template says. */
import { expect, test } from 'vitest';
import {
  LINUX,
  makeFleet,
  resourcesOf,
  type Statement,
  statementsOf,
  textOf,
} from '../../../src/constructs/constructs-test-support.ts';

/** Part of the policy's logical id -> heading. */
const ROLES: Readonly<Record<string, string>> = {
  WebhookReceive: 'Webhook function: everybody can call it',
  LauncherDispatch: 'Dispatch function',
  ReconcilerReconcile: 'Reconcile function: on schedule',
  RunnerCacheRefresh: 'Runner-cache function',
  EndingEndAll: 'End-all function: only when the stack is destroyed',
  linuxRole: 'Instances of a pool: whatever stands here, every job can do',
};

const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** Logical ids without their hash; the deployment's id by its name. */
const readable = (value: unknown) =>
  textOf(value)
    .replace(/<Fleet(\w+?)[0-9A-F]{8}(\.Arn)?>/g, '<$1>')
    .replace(/<AWS::(\w+)>/g, '<$1>')
    .replace(/<\d+>[0-9a-f]{4}/g, '<deploymentId>');

function renderConditions(statement: Statement): string {
  const conditions = Object.entries((statement.Condition ?? {}) as Record<string, Record<string, unknown>>);
  return conditions
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(
        ([key, value]) =>
          `${operator} \`${key}\` ${listOf(value)
            .map((one) => `\`${readable(one)}\``)
            .join(' or ')}`,
      ),
    )
    .join('<br>');
}

const renderStatement = (statement: Statement) =>
  `| ${listOf(statement.Action)
    .map((action) => `\`${action}\``)
    .join('<br>')} | ${listOf(statement.Resource)
    .map((resource) => `\`${readable(resource)}\``)
    .join('<br>')} | ${renderConditions(statement)} |`;

function renderIam(): string {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const sections = Object.entries(ROLES).map(([part, heading]) => {
    const rows = statementsOf(stack, part).map(renderStatement).join('\n');
    return `## ${heading}\n\n| may | on | if |\n|---|---|---|\n${rows}\n`;
  });
  const policies = Object.values(resourcesOf(stack)).filter(({ Type }) => Type === 'AWS::IAM::Policy');
  expect(policies).toHaveLength(Object.keys(ROLES).length);
  const intro =
    'What each role of a fleet with one pool, `linux`, may do; there are no others, and none has a managed policy.\n' +
    'Generated from the template by `npm run docs:generate`. `test/aws/forbidden.test.ts` evaluates these policies.';
  return `# Permissions\n\n${intro}\n\n${sections.join('\n')}`;
}

test('docs/iam.md lists every permission', async () => {
  await expect(renderIam()).toMatchFileSnapshot('../../../docs/iam.md');
}, 30_000);
