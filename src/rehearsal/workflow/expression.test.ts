import { expect, test } from 'vitest';
import {
  callsStatusFunction,
  EvaluationFailure,
  evaluateExpression,
  looselyEqual,
  propertiesRead,
  toText,
} from './expression.ts';

const scope = {
  contexts: {
    github: { ref: 'refs/heads/main', run_id: '4711' },
    needs: { a: { result: 'success', outputs: { list: '[1, "two"]' } }, b: { result: 'failure', outputs: {} } },
    matrix: { n: 4, deep: { list: [1, { x: true }] } },
  },
  status: { success: false, failure: true, cancelled: false },
};

test.each([
  ['1 < 2 && github.ref', 'refs/heads/main'],
  ["github['ref'] == 'REFS/heads/MAIN'", true],
  ['github.nothing', null],
  ['secrets.TOKEN', null],
  ['matrix.n', 4],
  ['matrix.deep.list[1].x', true],
  ['needs.*.result', ['success', 'failure']],
  ["contains(needs.*.result, 'failure')", true],
  ['fromJSON(needs.a.outputs.list)', [1, 'two']],
  ["join(fromJSON(needs.a.outputs.list), '-')", '1-two'],
  ["format('{0} is {1}', 'it''s a ''test''', true)", "it's a 'test' is true"],
  ["startsWith(github.ref, 'refs/heads/')", true],
  ['toJSON(matrix.deep)', JSON.stringify({ list: [1, { x: true }] }, null, 2)],
  ["hashFiles('**/package-lock.json')", ''],
  ['success()', false],
  ['failure()', true],
  ['cancelled()', false],
  ['always()', true],
  ['!failure() || false', false],
])('%s', (text, value) => {
  expect(evaluateExpression(text, scope)).toEqual(value);
});

test.each([['1 +'], ['nobody.knows'], ['fromJSON("x")'], ["fromJSON('{')"], ['unheard()'], ["'open"]])(
  '%s fails readably',
  (text) => {
    expect(() => evaluateExpression(text, scope)).toThrow(EvaluationFailure);
    expect(() => evaluateExpression(text, scope)).toThrow(`\${{ ${text} }}: `);
  },
);

test.each([
  ['always()', true],
  ['github.ref && Failure ()', true],
  ["'always()'", false],
  ['github.always', false],
  ["hashFiles('a')", false],
])('whether %s calls a status function: %s', (text, calls) => {
  expect(callsStatusFunction(text)).toBe(calls);
});

test('the properties that an expression reads', () => {
  expect(propertiesRead("format('{0}', GitHub.Workspace) || runner['temp'] && needs.a.github.ref")).toEqual([
    'github.workspace',
    'runner.temp',
    'needs.a',
  ]);
});

test.each([
  [null, ''],
  [true, 'true'],
  [3.5, '3.5'],
  ['x', 'x'],
  [{ a: 1 }, 'Object'],
  [[1], 'Array'],
])('%j as text is "%s"', (value, text) => {
  expect(toText(value)).toBe(text);
});

test.each([
  [6, '6', true],
  ['Linux', 'linux', true],
  [null, 0, true],
  ['a', 'b', false],
])('%j == %j: %s', (left, right, equal) => {
  expect(looselyEqual(left, right)).toBe(equal);
});
