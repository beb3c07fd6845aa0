/**
 * Bash inside TypeScript: the text as written, except that `\${` is `${` (which TypeScript would take for its own).
 * A backslash before anything else stays.
 */
export function bash(text: TemplateStringsArray): string {
  return text.raw.join('').replaceAll('\\${', '${').trim();
}
