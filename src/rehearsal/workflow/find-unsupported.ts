/** What a valid workflow may say, and the rehearsal can not do as GitHub does: it is refused rather than ignored. */
import { type Document, isMap, isPair, isScalar, type Node, type Pair, visit, type YAMLMap } from 'yaml';
import { propertiesRead } from './expression.ts';
import { splitTemplate } from './template.ts';

export interface Finding {
  /** Offset in the text. */
  readonly offset: number;
  readonly what: string;
}

const JOB_KEYS: Readonly<Record<string, string>> = {
  uses: 'reusable workflows (`uses` of a job) are not supported',
  container: '`container` is not supported: steps run on the runner itself',
  services: '`services` are not supported',
  concurrency: '`concurrency` of a job is not supported: it could hold back or cancel other jobs of the run',
  snapshot: '`snapshot` is not supported',
};
const STEP_KEYS: Readonly<Record<string, string>> = {
  parallel: '`parallel` steps are not supported',
  background: '`background` steps are not supported',
  wait: '`wait` is not supported',
  'wait-all': '`wait-all` is not supported',
  cancel: '`cancel` is not supported',
};
/** What only a runner knows, and how a script asks for it there. */
const RUNNER_ONLY: Readonly<Record<string, string>> = {
  'github.workspace': '$GITHUB_WORKSPACE',
  'github.event_path': '$GITHUB_EVENT_PATH',
  'github.env': '$GITHUB_ENV',
  'github.output': '$GITHUB_OUTPUT',
  'github.path': '$GITHUB_PATH',
  'runner.temp': '$RUNNER_TEMP',
  'runner.tool_cache': '$RUNNER_TOOL_CACHE',
  'runner.workspace': '$RUNNER_WORKSPACE',
  'runner.arch': '$RUNNER_ARCH',
};

/** In the order of the file. */
export function findUnsupported(document: Document.Parsed): readonly Finding[] {
  const jobs = entriesOf(document.get('jobs', true) as Node | undefined);
  const findings = [
    ...findShells(document.get('defaults', true) as Node | undefined, 'the workflow'),
    ...jobs.flatMap(({ key, value }) => findInJob(`job '${key}'`, value)),
    ...findExpressionKeys(document),
  ];
  return findings.sort((one, other) => one.offset - other.offset);
}

function findInJob(where: string, job: Node | undefined): Finding[] {
  return entriesOf(job).flatMap(({ key, value, offset }) => {
    const refusal = JOB_KEYS[key];
    if (refusal) return [{ offset, what: `${where}: ${refusal}` }];
    if (key === 'steps') return itemsOf(value).flatMap((step) => findInStep(where, step));
    if (key === 'defaults') return findShells(value, where);
    return findRunnerOnly(where, value);
  });
}

function findInStep(where: string, step: Node): Finding[] {
  const entries = entriesOf(step);
  // A step with `uses` is skipped, whatever it says.
  const skipped = entries.some(({ key }) => key === 'uses');
  return entries.flatMap(({ key, value, offset }) => {
    const refusal = STEP_KEYS[key];
    if (refusal) return [{ offset, what: `${where}: ${refusal}` }];
    if (skipped) return [];
    const expressions = key === 'if' ? findInCondition(where, value) : findRunnerOnly(where, value);
    if (key === 'run') expressions.push(...findOldCommands(where, value));
    if (key === 'shell') expressions.push(...checkShell(where, value));
    return expressions;
  });
}

function findShells(defaults: Node | undefined, where: string): Finding[] {
  return entriesOf(defaults)
    .flatMap(({ value }) => entriesOf(value))
    .flatMap(({ key, value }) => (key === 'shell' ? checkShell(where, value) : findRunnerOnly(where, value)));
}

function checkShell(where: string, value: Node | undefined): Finding[] {
  const shell = textOf(value);
  if (shell === 'bash' || shell === 'sh' || shell.includes('${{')) return [];
  return [{ offset: offsetOf(value), what: `${where}: \`shell: ${shell}\` is not supported, only bash and sh` }];
}

function findOldCommands(where: string, value: Node | undefined): Finding[] {
  if (!textOf(value).includes('::set-output ')) return [];
  const what = `${where}: \`::set-output\` is not supported: write to $GITHUB_OUTPUT`;
  return [{ offset: offsetOf(value), what }];
}

function findInCondition(where: string, value: Node | undefined): Finding[] {
  const text = textOf(value);
  return text.includes('${{') ? findRunnerOnly(where, value) : refuseProperties(where, text, offsetOf(value));
}

function findRunnerOnly(where: string, value: Node | undefined): Finding[] {
  const findings: Finding[] = [];
  if (value) {
    visit(value, {
      Scalar: (_key, scalar) => {
        const expressions = splitTemplate(textOf(scalar)).filter(({ kind }) => kind === 'expression');
        for (const { text } of expressions) findings.push(...refuseProperties(where, text, offsetOf(scalar)));
      },
    });
  }
  return findings;
}

function refuseProperties(where: string, expression: string, offset: number): Finding[] {
  return propertiesRead(expression)
    .filter((property) => property in RUNNER_ONLY)
    .map((property) => ({
      offset,
      what: `${where}: \`${property}\` is known to the runner only: use ${RUNNER_ONLY[property]} in the script`,
    }));
}

/** `${{ insert }}` and computed names. */
function findExpressionKeys(document: Document.Parsed): Finding[] {
  const findings: Finding[] = [];
  visit(document, {
    Pair: (_key, { key }) => {
      if (isScalar(key) && textOf(key).includes('${{'))
        findings.push({ offset: offsetOf(key), what: `\`${textOf(key)}\` as a key is not supported` });
    },
  });
  return findings;
}

interface EntryNode {
  readonly key: string;
  readonly value: Node | undefined;
  readonly offset: number;
}

function entriesOf(node: Node | undefined): readonly EntryNode[] {
  if (!isMap(node)) return [];
  return (node as YAMLMap<Node, Node | null>).items.map(({ key, value }) => ({
    key: textOf(key),
    value: value ?? undefined,
    offset: offsetOf(key),
  }));
}

function itemsOf(node: Node | undefined): readonly Node[] {
  return node && 'items' in node ? (node.items as (Node | Pair)[]).filter((item): item is Node => !isPair(item)) : [];
}

function textOf(node: Node | undefined): string {
  return isScalar(node) ? String(node.value ?? '') : '';
}

function offsetOf(node: Node | undefined): number {
  return node?.range?.[0] ?? 0;
}
