/** Reads a workflow file: GitHub's own parser judges it, then its values are taken from the YAML itself. */
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { type Document, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { CodedError } from '../../core/codes.ts';
import { findUnsupported } from './find-unsupported.ts';
import {
  isList,
  isMap,
  type JobDefinition,
  type Plain,
  type PlainMap,
  type RunDefaults,
  type StepDefinition,
  type Workflow,
} from './workflow.ts';

/**
 * `fileName` is for messages, and the name of a workflow that has none.
 * Throws `CodedError`: `workflow-invalid` with every error as `file:line:column message`; `workflow-unsupported` with
 * everything that the rehearsal would do otherwise than GitHub, as `file:line:column job 'x': what`.
 *
 * Ignored, since it changes nothing for one run whose event has already happened: `on`, `run-name`, `permissions`,
 * `environment` (there is nobody to approve), and `concurrency` of the workflow (there is no other run).
 */
export async function readWorkflow(fileName: string, text: string): Promise<Workflow> {
  await mustBeValid(fileName, text);

  // Not the parser's tokens: they lose keys that we need (`shell`, `timeout-minutes`), and a block scalar with an
  // expression in it comes back with the indentation of the file, which breaks scripts.
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });
  inlineAliases(document);
  const findings = findUnsupported(document).map(({ what, offset }) => {
    const { line, col } = lines.linePos(offset);
    return `${fileName}:${line}:${col} ${what}`;
  });
  if (findings.length > 0) throw new CodedError('workflow-unsupported', findings.join('\n'));
  return toWorkflow(fileName, document.toJS() as PlainMap);
}

/** Here the parser wants a mapping, where GitHub itself also takes an expression that makes one. */
const TOO_STRICT = /^Unexpected type 'BasicExpressionToken' encountered while reading '(job|step) env'/;

async function mustBeValid(fileName: string, text: string): Promise<void> {
  const parsed = parseWorkflow({ name: fileName, content: text }, new NoOperationTraceWriter());
  // The conversion adds errors about needs, ids and conditions; it does nothing when there are errors already.
  if (parsed.value) await convertWorkflowTemplate(parsed.context, parsed.value);
  const errors = parsed.context.errors
    .getErrors()
    .filter(({ rawMessage }) => !TOO_STRICT.test(rawMessage))
    .map(({ range, rawMessage }) => {
      const { line, column } = range?.start ?? { line: 1, column: 1 };
      return `${fileName}:${line}:${column} ${rawMessage}`;
    });
  if (errors.length > 0) throw new CodedError('workflow-invalid', errors.join('\n'));
}

/** Puts what an alias means in its place; an alias of what it stands in says nothing, as for GitHub's parser. */
function inlineAliases(document: Document.Parsed): void {
  visit(document, {
    Alias: (_key, alias, ancestors) => {
      const target: Node | undefined = alias.resolve(document);
      return target === undefined || ancestors.includes(target) ? visit.REMOVE : target;
    },
  });
}

function toWorkflow(fileName: string, file: PlainMap): Workflow {
  return {
    name: textOf(file.name) ?? fileName,
    env: file.env ?? {},
    defaults: toDefaults(file.defaults),
    inputs: toInputs(file.on),
    jobs: Object.entries(mapOf(file.jobs)).map(([id, job]) => toJob(id, mapOf(job))),
  };
}

function toJob(id: string, job: PlainMap): JobDefinition {
  const needs = job.needs ?? [];
  return {
    id,
    name: textOf(job.name),
    needs: (isList(needs) ? needs : [needs]).map(String),
    if: textOf(job.if),
    strategy: job.strategy ?? {},
    runsOn: job['runs-on'] ?? null,
    timeoutMinutes: job['timeout-minutes'],
    continueOnError: job['continue-on-error'],
    env: job.env ?? {},
    defaults: toDefaults(job.defaults),
    outputs: mapOf(job.outputs),
    steps: (isList(job.steps) ? job.steps : []).map((step) => toStep(mapOf(step))),
  };
}

function toStep(step: PlainMap): StepDefinition {
  return {
    id: textOf(step.id),
    name: textOf(step.name),
    if: textOf(step.if),
    run: textOf(step.run),
    uses: textOf(step.uses),
    env: step.env ?? {},
    shell: textOf(step.shell),
    workingDirectory: textOf(step['working-directory']),
    timeoutMinutes: step['timeout-minutes'],
    continueOnError: step['continue-on-error'],
  };
}

function toDefaults(defaults: Plain | undefined): RunDefaults {
  const run = mapOf(mapOf(defaults).run);
  return { shell: textOf(run.shell), workingDirectory: textOf(run['working-directory']) };
}

function toInputs(on: Plain | undefined): PlainMap {
  const inputs = Object.entries(mapOf(mapOf(mapOf(on).workflow_dispatch).inputs));
  return Object.fromEntries(
    inputs.map(([name, input]) => {
      const { type, default: value } = mapOf(input);
      return [name, value ?? (type === 'boolean' ? false : '')];
    }),
  );
}

/** The parser has checked the shapes: what is no mapping here is absent. */
function mapOf(value: Plain | undefined): PlainMap {
  return isMap(value) ? value : {};
}

function textOf(value: Plain | undefined): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}
