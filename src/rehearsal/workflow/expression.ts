/** One GitHub expression, evaluated with GitHub's own evaluator. */
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import { isList, type Plain } from './workflow.ts';

/** An expression, or a value made by one, is wrong. It fails the job that it belongs to and never leaves the engine. */
export class EvaluationFailure extends Error {
  override readonly name = 'EvaluationFailure';
}

/** What `success()`, `failure()` and `cancelled()` answer. */
export interface Status {
  readonly success: boolean;
  readonly failure: boolean;
  readonly cancelled: boolean;
}

/** What an expression can see. A context that is absent reads as an empty one. */
export interface Scope {
  readonly contexts: Readonly<Record<string, Plain>>;
  readonly status: Status;
}

const CONTEXTS = 'github env vars secrets job steps runner strategy matrix needs inputs'.split(' ');
const STATUS_FUNCTIONS = ['success', 'failure', 'cancelled', 'always'];

/** Evaluates the text between `${{` and `}}`. Throws `EvaluationFailure`. */
export function evaluateExpression(text: string, scope: Scope): Plain {
  const functions = functionsFor(scope.status);
  const named = new Map(functions.map((one) => [one.name.toLowerCase(), one]));
  const contexts = Object.fromEntries(CONTEXTS.map((name) => [name, scope.contexts[name] ?? {}]));
  try {
    const tree = new Parser(tokensOf(text), CONTEXTS, functions).parse();
    return fromData(new Evaluator(tree, toData(contexts) as data.Dictionary, named).evaluate());
  } catch (error) {
    throw failureOf(text, error);
  }
}

/** Whether a condition speaks of the status itself: otherwise GitHub adds `success() &&`. */
export function callsStatusFunction(text: string): boolean {
  const lexemes = tokensOf(text).map((token) => token.lexeme.toLowerCase());
  return lexemes.some((lexeme, at) => lexemes[at + 1] === '(' && STATUS_FUNCTIONS.includes(lexeme));
}

/** The `context.property` and `context['property']` pairs that an expression reads, in lower case. */
export function propertiesRead(text: string): readonly string[] {
  const lexemes = tokensOf(text).map((token) => token.lexeme.toLowerCase());
  return lexemes.flatMap((lexeme, at) => {
    const [between, property = ''] = lexemes.slice(at + 1, at + 3);
    if (lexemes[at - 1] === '.' || (between !== '.' && between !== '[')) return [];
    return [`${lexeme}.${between === '[' ? property.slice(1, -1) : property}`];
  });
}

/** GitHub's conversion to text: `null` is empty, a map is "Object". */
export function toText(value: Plain): string {
  return toData(value).coerceString();
}

export function isTruthy(value: Plain): boolean {
  return value !== null && value !== false && value !== '' && value !== 0 && !Number.isNaN(value);
}

/** GitHub's `==`: numbers in texts count, upper and lower case are the same. */
export function looselyEqual(left: Plain, right: Plain): boolean {
  const status = { success: true, failure: false, cancelled: false };
  return evaluateExpression('matrix.left == matrix.right', { contexts: { matrix: { left, right } }, status }) === true;
}

function tokensOf(text: string) {
  const tokens = lex(text);
  // The lexer unescapes only the first doubled quote of a string.
  for (const token of tokens) {
    if (token.lexeme.startsWith("'")) token.value = token.lexeme.slice(1, -1).replaceAll("''", "'");
  }
  return tokens;
}

function lex(text: string) {
  try {
    return new Lexer(text).lex().tokens;
  } catch (error) {
    throw failureOf(text, error);
  }
}

function failureOf(text: string, error: unknown): EvaluationFailure {
  if (error instanceof EvaluationFailure) return error;
  return new EvaluationFailure(`\${{ ${text.trim()} }}: ${(error as Error).message}`);
}

function functionsFor(status: Status) {
  const answer = (name: string, value: boolean) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(value),
  });
  return [
    answer('success', status.success),
    answer('failure', status.failure),
    answer('cancelled', status.cancelled),
    answer('always', true),
    // No checkout happens in the rehearsal, so no pattern matches a file: GitHub then answers with the empty string.
    { name: 'hashFiles', minArgs: 1, maxArgs: 255, call: () => new data.StringData('') },
  ];
}

function toData(value: Plain): data.ExpressionData {
  if (value === null) return new data.Null();
  if (typeof value === 'boolean') return new data.BooleanData(value);
  if (typeof value === 'number') return new data.NumberData(value);
  if (typeof value === 'string') return new data.StringData(value);
  if (isList(value)) return new data.Array(...value.map(toData));
  return new data.Dictionary(...Object.entries(value).map(([key, one]) => ({ key, value: toData(one) })));
}

function fromData(value: data.ExpressionData): Plain {
  switch (value.kind) {
    case data.Kind.Null:
      return null;
    case data.Kind.Array:
      return value.values().map(fromData);
    case data.Kind.Dictionary:
      return Object.fromEntries(value.pairs().map((pair) => [pair.key, fromData(pair.value)]));
    default:
      return (value as data.StringData | data.NumberData | data.BooleanData).value;
  }
}
