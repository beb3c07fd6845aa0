import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { vi } from 'vitest';
import { RunnerFleet, type RunnerFleetProps, type RunnerPoolOptions } from './index';

/** Without `npm run build` the functions are missing; what is in them does not matter to a template. */
export function ensureBundles(): void {
  for (const name of ['webhook', 'dispatch', 'reconcile', 'runner-cache', 'end-all']) {
    const folder = join(import.meta.dirname, '../../dist/lambda', name);
    const file = join(folder, 'index.mjs');
    if (existsSync(file)) continue;
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, 'throw new Error("npm run build makes this file");\n');
  }
}

ensureBundles();
// The first synthesis of a process takes seconds, on a busy machine more than the usual five.
vi.setConfig({ testTimeout: 20_000 });

export interface TestFleet {
  readonly app: App;
  readonly stack: Stack;
  readonly fleet: RunnerFleet;
}

export function makeFleet(props: Partial<RunnerFleetProps> = {}): TestFleet {
  const app = new App();
  const stack = new Stack(app, 'Stack');
  return { app, stack, fleet: new RunnerFleet(stack, 'Fleet', { organization: 'acme', ...props }) };
}

export const LINUX: RunnerPoolOptions = { labels: ['linux'] };

/** A template as plain data. */
export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template has any shape
  readonly Properties: any;
  readonly DependsOn?: readonly string[];
}

export function resourcesOf(stack: Stack): Record<string, Resource> {
  return Template.fromStack(stack).toJSON().Resources;
}

/** The only resource of a type whose logical id contains `part`. */
export function theOne(stack: Stack, type: string, part = ''): Resource {
  const found = Object.entries(resourcesOf(stack)).filter(([id, { Type }]) => Type === type && id.includes(part));
  const [only, ...more] = found;
  if (!only || more.length > 0) throw new Error(`${found.length} of ${type} ${part}`);
  return only[1];
}

export interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** What the policy of a role allows. */
export function statementsOf(stack: Stack, rolePart: string): Statement[] {
  return theOne(stack, 'AWS::IAM::Policy', rolePart).Properties.PolicyDocument.Statement;
}

/** The parts of a joined value as text, references in angle brackets. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOf).join('');
  const [[name, of]] = Object.entries(value as object) as [[string, unknown]];
  if (name === 'Fn::Join') return textOf((of as unknown[])[1]);
  if (name === 'Fn::Base64') return textOf(of);
  return `<${name === 'Ref' ? of : Array.isArray(of) ? of.filter((part) => typeof part !== 'object').join('.') : name}>`;
}
