/** Values with `${{ }}` in them, and the shapes that GitHub expects where they stand. */
import {
  callsStatusFunction,
  EvaluationFailure,
  evaluateExpression,
  isTruthy,
  type Scope,
  toText,
} from './expression.ts';
import { isList, isMap, type Plain } from './workflow.ts';

export type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'expression'; readonly text: string };

/** Evaluates all `${{ }}` in a value. A text that is one expression and nothing else keeps the expression's type. */
export function evaluateValue(value: Plain, scope: Scope): Plain {
  if (typeof value === 'string') return evaluateText(value, scope);
  if (isList(value)) return value.map((one) => evaluateValue(one, scope));
  if (isMap(value))
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, evaluateValue(one, scope)]));
  return value;
}

/** Evaluates an `if:`. Absent or empty means `success()`, which is also added when no status function is called. */
export function evaluateCondition(condition: string | undefined, scope: Scope): boolean {
  const text = condition?.trim() ? condition : 'success()';
  const expressions = text.includes('${{')
    ? splitTemplate(text).flatMap((segment) => (segment.kind === 'expression' ? [segment.text] : []))
    : [text];
  if (!scope.status.success && !expressions.some(callsStatusFunction)) return false;
  return isTruthy(text.includes('${{') ? evaluateText(text, scope) : evaluateExpression(text, scope));
}

export function evaluateToText(value: Plain, scope: Scope): string {
  return toText(evaluateValue(value, scope));
}

/** `what` names the place in messages. */
export function evaluateToNumber(value: Plain, scope: Scope, what: string): number {
  const result = evaluateValue(value, scope);
  const number = typeof result === 'string' && result.trim() !== '' ? Number(result) : result;
  if (typeof number !== 'number' || Number.isNaN(number)) throw new EvaluationFailure(`${what}: expected a number`);
  return number;
}

export function evaluateToBoolean(value: Plain, scope: Scope, what: string): boolean {
  const result = evaluateValue(value, scope);
  if (typeof result !== 'boolean') throw new EvaluationFailure(`${what}: expected true or false`);
  return result;
}

/** A mapping of names to texts, as `env` is one. `null` and the empty text are an empty mapping. */
export function evaluateToTexts(value: Plain, scope: Scope, what: string): Record<string, string> {
  const result = evaluateValue(value, scope);
  if (result === null || result === '') return {};
  if (!isMap(result)) throw new EvaluationFailure(`${what}: expected a mapping`);
  return Object.fromEntries(Object.entries(result).map(([key, one]) => [key, toText(one)]));
}

/** Cuts a text at its `${{ }}`. A `}}` inside a quoted string of an expression does not end it. */
export function splitTemplate(text: string): readonly Segment[] {
  const segments: Segment[] = [];
  let rest = 0;
  for (let open = text.indexOf('${{'); open >= 0; open = text.indexOf('${{', rest)) {
    const end = endOfExpression(text, open + 3);
    if (open > rest) segments.push({ kind: 'text', text: text.slice(rest, open) });
    segments.push({ kind: 'expression', text: text.slice(open + 3, end) });
    rest = end + 2;
  }
  if (rest < text.length) segments.push({ kind: 'text', text: text.slice(rest) });
  return segments;
}

function evaluateText(text: string, scope: Scope): Plain {
  const parts = splitTemplate(text).map((segment) =>
    segment.kind === 'text' ? segment.text : evaluateExpression(segment.text, scope),
  );
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : parts.map(toText).join('');
}

function endOfExpression(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "'") quoted = !quoted;
    else if (!quoted && text.startsWith('}}', at)) return at;
  }
  throw new EvaluationFailure(`the expression is not closed: ${text.slice(from - 3)}`);
}
