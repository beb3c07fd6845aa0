/**
 * Tags a template that holds a bash script: backslashes stay as they are, `\${` stands for bash's `${`, and a plain
 * `${` is TypeScript's. The scripts are strings because the command line is bundled into one file.
 */
export function bash(strings: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return String.raw(strings, ...values).replaceAll('\\${', '${');
}
