import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MOST_REPORT_BYTES, readBootReport } from './boot-report.ts';

const good = {
  ...{ code: 'done', line: 0, exit: 0, platform: 'linux-x64' },
  phases: { started: 1_764_000_000_000, metadata: 1_764_000_000_100 },
};
const read = (changes: object) => readBootReport(JSON.stringify({ ...good, ...changes }));

test('a report of the boot script', () => {
  expect(read({})).toEqual({
    ...{ code: 'done', line: 0, exit: 0, platform: 'linux-x64' },
    phases: [
      { name: 'started', at: 1_764_000_000_000 },
      { name: 'metadata', at: 1_764_000_000_100 },
    ],
  });
});

test('the listener did not end; a setup command failed', () => {
  const output = 'command 2 ended with 3: no ?x?|';
  expect(read({ code: 'setup-failed', line: 180, exit: null, output })).toEqual({
    ...{ code: 'setup-failed', line: 180, platform: 'linux-x64', output },
    phases: expect.any(Array),
  });
});

test('what it does not know is dropped', () => {
  expect(read({ more: 'x', __proto__: { a: 1 } })).toEqual(read({}));
});

describe('no report', () => {
  test.each([
    ['no code', { code: undefined }],
    ['a code with markup', { code: '<b>done</b>' }],
    ['a long code', { code: 'x'.repeat(41) }],
    ['a line that is text', { line: '1' }],
    ['a negative line', { line: -1 }],
    ['an exit status that is text', { exit: '0' }],
    ['no exit status at all', { exit: undefined }],
    ['a list of phases', { phases: [1] }],
    ['a phase without a time', { phases: { started: 'now' } }],
    ['a phase of another name', { phases: { 'a b': 1 } }],
    ['too many phases', { phases: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`p${n}`, n])) }],
    ['output that controls a terminal', { output: '\u001b[2J' }],
    ['output that is no text', { output: {} }],
    ['more than anybody reads', { more: 'x'.repeat(MOST_REPORT_BYTES) }],
  ])('%s', (_, changes) => {
    expect(read(changes)).toBeUndefined();
  });

  test.each([undefined, null, 1, '', '{', 'null', '[]', '"x"', {}])('%j', (value) => {
    expect(readBootReport(value)).toBeUndefined();
  });
});

test('whatever an instance writes, reading it throws nothing', () => {
  const anything = fc.oneof(fc.string(), fc.json(), fc.anything());
  const nearly = fc
    .record({ code: fc.anything(), line: fc.anything(), exit: fc.anything(), phases: fc.anything() })
    .map((value) => JSON.stringify({ ...good, ...value }, (_, inner) => (typeof inner === 'bigint' ? 0 : inner)));
  fc.assert(fc.property(fc.oneof(anything, nearly), (value) => void readBootReport(value)));
});
