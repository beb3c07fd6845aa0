/**
 * The XML that EC2 answers with, and no more than that: elements and text, written by a machine. Attributes are dropped.
 */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** The root element. @throws SyntaxError when it is not whole. */
export function readXml(source: string): XmlElement {
  const root = { name: '', text: '', children: [] as XmlElement[] };
  const open = [root];
  let at = 0;
  for (const match of source.matchAll(/<(\/?)([\w.:-]+)[^>]*?(\/?)>|<[?!][^>]*>/g)) {
    const [tag, isEnd, name, isEmpty] = match;
    const parent = open[open.length - 1] as typeof root;
    parent.text += decode(source.slice(at, match.index));
    at = match.index + tag.length;
    if (name === undefined) continue;
    if (isEnd) {
      if (parent.name !== name || open.length < 2) throw new SyntaxError(`</${name}> ends nothing`);
      open.pop();
    } else {
      const element = { name, text: '', children: [] };
      parent.children.push(element);
      if (!isEmpty) open.push(element);
    }
  }
  const [first] = root.children;
  if (!first || open.length > 1) throw new SyntaxError('the XML is not whole');
  return first;
}

/** The elements at the end of a path of names, from each element on the way. */
export function elementsAt(element: XmlElement, ...path: readonly string[]): readonly XmlElement[] {
  const step = (elements: readonly XmlElement[], name: string) =>
    elements.flatMap(({ children }) => children.filter((child) => child.name === name));
  return path.reduce(step, [element]);
}

/** The text at the end of a path; empty when there is none. */
export const textAt = (element: XmlElement, ...path: readonly string[]) => elementsAt(element, ...path)[0]?.text ?? '';

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal));
  });
}
