import { expect, test } from 'vitest';
import { evaluateCondition, evaluateToNumber, evaluateToTexts, evaluateValue, splitTemplate } from './template.ts';

const status = { success: true, failure: false, cancelled: false };
const scope = { contexts: { matrix: { n: 4, list: [1, 2] }, env: { A: 'a' } }, status };
const failed = { ...scope, status: { success: false, failure: true, cancelled: false } };

test('a text is cut at its expressions', () => {
  expect(splitTemplate(`a \${{ '}}' }}b\${{ 2 }}`)).toEqual([
    { kind: 'text', text: 'a ' },
    { kind: 'expression', text: " '}}' " },
    { kind: 'text', text: 'b' },
    { kind: 'expression', text: ' 2 ' },
  ]);
});

test.each([
  ['plain', 'plain'],
  ['', ''],
  [`\${{ matrix.n }}`, 4],
  [`\${{ matrix.list }}`, [1, 2]],
  [`\${{ matrix.n }}.`, '4.'],
  [`\${{ env.A }}\${{ env.B }}\${{ matrix.n }}`, 'a4'],
  [{ x: [`\${{ matrix.n }}`, true, null, 1.5] }, { x: [4, true, null, 1.5] }],
])('%j evaluates to %j', (value, result) => {
  expect(evaluateValue(value, scope)).toEqual(result);
});

test.each([
  [undefined, true, false],
  ['', true, false],
  ['true', true, false],
  ['false', false, false],
  ["env.A == 'a'", true, false],
  [`\${{ env.A == 'b' }}`, false, false],
  ['always()', true, true],
  [`\${{ failure() }}`, false, true],
  ["failure() && env.A == 'a'", false, true],
  // Texts around an expression make it a text, which is true: GitHub's trap, too.
  [`\${{ false }} x`, true, false],
])('if: %s is %s after success, %s after failure', (condition, afterSuccess, afterFailure) => {
  expect(evaluateCondition(condition, scope)).toBe(afterSuccess);
  expect(evaluateCondition(condition, failed)).toBe(afterFailure);
});

test('numbers', () => {
  expect(evaluateToNumber(`\${{ matrix.n }}`, scope, 'x')).toBe(4);
  expect(evaluateToNumber('0.5', scope, 'x')).toBe(0.5);
  expect(() => evaluateToNumber('soon', scope, 'timeout-minutes')).toThrow('timeout-minutes: expected a number');
});

test('mappings of texts', () => {
  expect(evaluateToTexts({ A: 1, B: `\${{ matrix.n }}`, C: null }, scope, 'env')).toEqual({ A: '1', B: '4', C: '' });
  expect(evaluateToTexts(`\${{ fromJSON('{"A": true}') }}`, scope, 'env')).toEqual({ A: 'true' });
  expect(evaluateToTexts(null, scope, 'env')).toEqual({});
  expect(() => evaluateToTexts('x', scope, 'env')).toThrow('env: expected a mapping');
});
