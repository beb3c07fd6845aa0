import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';

/**
 * Validators made from the documents that GitHub publishes of its REST API and its webhooks. The documents are read by
 * path: the packages' index files would load those of every GitHub Enterprise version, too (390 MB).
 */
const require = createRequire(import.meta.url);
const fitsAll = () => true;
const ajv = new Ajv({
  strict: false,
  validateSchema: false,
  allErrors: true,
  formats: {
    'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    uri: (text: string) => URL.canParse(text),
    email: /^\S+@\S+$/,
    int32: fitsAll,
    int64: fitsAll,
  },
});

interface RestDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Responses }>>>>;
}
type Responses = Readonly<Record<string, { readonly $ref?: string; readonly content?: unknown }>>;

const rest = JSON.parse(readFileSync(require.resolve('@octokit/openapi/generated/api.github.com.json'), 'utf8'));
const webhooks = require.resolve('@octokit/openapi-webhooks/generated/api.github.com.json');
const { paths } = rest as RestDocument;
// The one place where the document can not be right: an account there is a user *and* an enterprise (allOf for anyOf).
// `GET /orgs/{org}/installation` describes the same object rightly.
rest.paths['/app/installations'].get.responses[200].content['application/json'].schema.items = {
  $ref: '#/components/schemas/installation',
};
ajv.addSchema(toJsonSchema(rest) as object, 'rest');
ajv.addSchema(JSON.parse(readFileSync(webhooks, 'utf8')), 'webhooks');

/** Path templates, each split at its slashes. Fixed parts sort before parameters, so that the narrowest one is found. */
const templates = Object.keys(paths)
  .sort((a, b) => (a.replaceAll('{', '~') < b.replaceAll('{', '~') ? -1 : 1))
  .map((path) => ({ path, parts: path.split('/') }));

/** The documented path that a request is for: `/orgs/{org}/actions/runners`. */
export function templateOf(pathname: string): string | undefined {
  const parts = pathname.split('/');
  return templates.find(
    (template) =>
      template.parts.length === parts.length &&
      template.parts.every((part, index) => part.startsWith('{') || part === parts[index]),
  )?.path;
}

/** What GitHub says of a reply: a validator, `empty` for one without a body, nothing for a status it does not name. */
export function replySchema(method: string, path: string, status: number): ValidateFunction | 'empty' | undefined {
  const reply = paths[path]?.[method.toLowerCase()]?.responses[status];
  if (!reply) return undefined;
  if (!reply.$ref && !reply.content) return 'empty';
  const escaped = encodeURI(path.replaceAll('~', '~0').replaceAll('/', '~1'));
  const pointer = reply.$ref ?? `#/paths/${escaped}/${method.toLowerCase()}/responses/${status}`;
  return found(`rest${pointer}/content/application~1json/schema`);
}

export const basicError = () => found('rest#/components/schemas/basic-error');

/** Of a webhook's body: `webhookSchema('workflow-job-queued')`. */
export const webhookSchema = (event: string) =>
  found(`webhooks#/webhooks/${event}/post/requestBody/content/application~1json/schema`);

function found(id: string): ValidateFunction {
  const validate = ajv.getSchema(id);
  if (!validate) throw new Error(`GitHub publishes no schema at ${id}`);
  return validate;
}

/** The REST document is OpenAPI 3.0: it says `nullable: true` where JSON schema has a type "null". */
function toJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(toJsonSchema);
  if (node === null || typeof node !== 'object') return node;
  const schema: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === 'nullable' || key === 'example' || key === 'examples' || key === 'discriminator') continue;
    schema[key] = key === 'enum' ? value : toJsonSchema(value);
  }
  return 'nullable' in node && node.nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema;
}
