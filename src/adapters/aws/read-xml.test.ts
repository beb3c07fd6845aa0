import { expect, test } from 'vitest';
import { elementsAt, readXml, textAt } from './read-xml.ts';

const source = `<?xml version="1.0" encoding="UTF-8"?>
<Answer xmlns="http://example.com/">
  <set><item><id>1</id><tags/></item><item><id>2</id></item></set>
  <set><item><id>3</id></item></set>
  <text>a &lt;b&gt; &amp;amp; &#39;c&#x27;</text>
</Answer>`;

test('elements by path, over every element on the way', () => {
  const answer = readXml(source);
  expect(answer.name).toBe('Answer');
  expect(elementsAt(answer, 'set', 'item').map((item) => textAt(item, 'id'))).toEqual(['1', '2', '3']);
  expect(textAt(answer, 'text')).toBe("a <b> &amp; 'c'");
  expect(textAt(answer, 'nothing', 'here')).toBe('');
});

test.each(['', 'text', '<a>', '<a><b></a></b>', '<a></a></b>', source.slice(0, 200)])('refuses %j', (broken) => {
  expect(() => readXml(broken)).toThrow(SyntaxError);
});
