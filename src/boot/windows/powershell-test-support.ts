/** A parser for PowerShell: as close as tests come to it, for it runs nowhere here. */
import { createRequire } from 'node:module';
import { Language, type Node, Parser } from 'web-tree-sitter';

export async function loadPowerShell(): Promise<(script: string) => Node> {
  await Parser.init();
  const { resolve } = createRequire(import.meta.url);
  const language = await Language.load(resolve('tree-sitter-powershell/tree-sitter-powershell.wasm'));
  const parser = new Parser();
  parser.setLanguage(language);
  return (script) => {
    const tree = parser.parse(script);
    if (!tree) throw new Error('the parser was stopped');
    return tree.rootNode;
  };
}

/** What the parser could not make sense of, or had to imagine. */
export function faultsIn(root: Node): string[] {
  return nodesOf(root, (node) => node.isError || node.isMissing).map(
    (node) => `${node.startPosition.row + 1}: ${node.isMissing ? `missing ${node.type}` : node.text.slice(0, 80)}`,
  );
}

export function nodesOf(root: Node, fits: (node: Node) => boolean): Node[] {
  const found = fits(root) ? [root] : [];
  for (const child of root.children) if (child) found.push(...nodesOf(child, fits));
  return found;
}
