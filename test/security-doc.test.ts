import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const REFERENCE = /`((?:src|test)\/[\w./-]+\.test\.ts)`: ([^|\n.)]+)/g;

test('every test that docs/security.md names is there', () => {
  const text = readFileSync('docs/security.md', 'utf8').replaceAll(/\n(?=\S)(?!\|)/g, ' ');
  const named = [...text.matchAll(REFERENCE)].map(([, file = '', title = '']) => ({ file, title: title.trim() }));
  expect(named.length).toBeGreaterThan(20);
  const missing = named.filter(({ file, title }) => !readFileSync(file, 'utf8').includes(title));
  expect(missing).toEqual([]);
});
