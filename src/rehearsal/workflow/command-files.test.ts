import fc from 'fast-check';
import { expect, test } from 'vitest';
import { prependPaths, readEntries } from './command-files.ts';

test.each([
  ['a=1\n', [['a', '1']]],
  [
    'a=1\n\nb=',
    [
      ['a', '1'],
      ['b', ''],
    ],
  ],
  ['a=b=c<<d', [['a', 'b=c<<d']]],
  [
    'a<<EOF\nx\ny\nEOF\nb=2\n',
    [
      ['a', 'x\ny'],
      ['b', '2'],
    ],
  ],
  ['a<<EOF\nEOF', [['a', '']]],
  ['a<<EOF\n\nEOF', [['a', '']]],
  ['a<<E=F\nx=1\nE=F', [['a', 'x=1']]],
  ['a=x\r\n', [['a', 'x\r']]],
  ['', []],
])('%j', (text, entries) => {
  expect(readEntries(text, 'GITHUB_OUTPUT')).toEqual(entries);
});

test.each([
  ['nonsense', "GITHUB_ENV: invalid format 'nonsense'"],
  ['<<EOF\nx\nEOF', "GITHUB_ENV: invalid format '<<EOF'"],
  ['a<<', "GITHUB_ENV: invalid format 'a<<'"],
  ['=x', "GITHUB_ENV: '=x' has no name"],
  ['a<<EOF\nx', "GITHUB_ENV: the delimiter 'EOF' of 'a<<EOF' does not come"],
])('%j is refused', (text, message) => {
  expect(() => readEntries(text, 'GITHUB_ENV')).toThrow(message);
});

test('any values that are written come back', () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]*$/);
  const value = fc.string({ unit: fc.constantFrom('a', '=', '<', '\n', '\r', ' ', 'ä', 'EOF') });
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), (entries) => {
      const written = entries.map(([key, text]) => `${key}<<-- no such line --\n${text}\n-- no such line --\n`);
      expect(readEntries(written.join(''), 'GITHUB_OUTPUT')).toEqual(entries);
    }),
  );
});

test('the last path comes first, once', () => {
  expect(prependPaths(['/b', '/a'], '/c\n\n/a\n')).toEqual(['/a', '/c', '/b']);
});
