/**
 * DynamoDB as an instance may use it: UpdateItem on its own mailbox row. The policy of the instance role is applied first
 * (leading key, attributes, ReturnValues), then the three updates of the boot script are recognised; there are no others.
 */
import { USED } from '../../adapters/mail.ts';
import type { Answer, InstanceMailbox, KnownInstance, Note, Request } from './types.ts';

const ALLOWED_ATTRIBUTES = ['id', 'jit', 'takenAt', 'boot'];
const ALLOWED_RETURN_VALUES = ['NONE', 'UPDATED_OLD'];

const TAKE = 'SET jit = :used, takenAt = :t IF attribute_exists(jit) AND jit <> :used';
const CHECK = 'SET takenAt = :t IF jit = :used';
const REPORT = 'SET boot = :b';

interface Update {
  readonly TableName: string;
  readonly Key: Readonly<Record<string, { readonly S: string }>>;
  readonly UpdateExpression: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, { readonly S: string }>>;
  readonly ReturnValues?: string;
}

export interface MailboxAnswer {
  readonly answer: Answer;
  readonly note?: Note;
}

export async function answerMailbox(
  request: Request,
  instance: KnownInstance,
  table: string,
  mailbox: InstanceMailbox,
): Promise<MailboxAnswer> {
  const action = request.headers['x-amz-target'];
  if (action !== 'DynamoDB_20120810.UpdateItem') return denied(`${action} is not allowed`);
  const update = readUpdate(request.body);
  if (update === undefined) return failed('SerializationException', 'not the JSON of an UpdateItem');
  const offence = offenceOf(update, instance, table);
  return offence === undefined ? perform(update, instance, mailbox) : denied(offence);
}

async function perform(update: Update, { userId }: KnownInstance, mailbox: InstanceMailbox): Promise<MailboxAnswer> {
  const { UpdateExpression, ConditionExpression, ExpressionAttributeValues: values = {} } = update;
  const asked = ConditionExpression === undefined ? UpdateExpression : `${UpdateExpression} IF ${ConditionExpression}`;
  if (asked === REPORT) {
    const boot = values[':b']?.S ?? '';
    if (!mailbox.report(userId, boot)) return failed('ValidationException', 'the report is too long');
    return { answer: json(200, {}), note: { kind: 'boot-reported', boot } };
  }
  if (values[':used']?.S !== USED || (asked !== TAKE && asked !== CHECK))
    return failed('ValidationException', `this server does not know the update ${asked}`);
  if (asked === CHECK) {
    const [row] = await mailbox.read([userId]);
    return row?.taken ? { answer: json(200, {}) } : conditionFailed();
  }
  const letter = mailbox.take(userId, values[':t']?.S ?? '');
  if (letter === undefined) return { ...conditionFailed(), note: { kind: 'mailbox-empty' } };
  const old = update.ReturnValues === 'UPDATED_OLD' ? { Attributes: { jit: { S: letter } } } : {};
  return { answer: json(200, old), note: { kind: 'letter-taken' } };
}

/** What the policy of the instance role does not allow, if anything. */
function offenceOf(update: Update, { userId }: KnownInstance, table: string): string | undefined {
  if (update.TableName !== table) return `the table is ${update.TableName}`;
  if (update.Key.id?.S !== userId) return `the leading key is ${update.Key.id?.S}`;
  const foreign = attributesOf(update).filter((name) => !ALLOWED_ATTRIBUTES.includes(name));
  if (foreign.length > 0) return `attributes ${foreign} are not allowed`;
  const returned = update.ReturnValues ?? 'NONE';
  return ALLOWED_RETURN_VALUES.includes(returned) ? undefined : `ReturnValues ${returned} is not allowed`;
}

const WORDS = /^(SET|REMOVE|ADD|DELETE|AND|OR|NOT|IN|BETWEEN|\w+\s*\()$/i;

function attributesOf(update: Update): string[] {
  const expressions = `${update.UpdateExpression} ${update.ConditionExpression ?? ''}`;
  const names = [...expressions.matchAll(/(?<![:\w#])#?[A-Za-z_]\w*(?:\s*\()?/g)].map(([word]) => word);
  const attributes = names.filter((word) => !WORDS.test(word));
  return [
    ...Object.keys(update.Key),
    ...attributes.map((word) => (word.startsWith('#') ? (update.ExpressionAttributeNames?.[word] ?? word) : word)),
  ];
}

function readUpdate(body: Uint8Array): Update | undefined {
  try {
    const update = JSON.parse(Buffer.from(body).toString()) as Update;
    return typeof update?.Key === 'object' && typeof update.UpdateExpression === 'string' ? update : undefined;
  } catch {
    return undefined;
  }
}

const json = (status: number, value: object): Answer => ({
  status,
  type: 'application/x-amz-json-1.0',
  body: JSON.stringify(value),
});

/** An error as DynamoDB words it. */
export const dynamoError = (type: string, message: string, status = 400): Answer =>
  json(status, { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message });

const failed = (type: string, detail: string): MailboxAnswer => ({ answer: dynamoError(type, detail) });
const conditionFailed = () => failed('ConditionalCheckFailedException', 'The conditional request failed');
const denied = (detail: string): MailboxAnswer => ({
  answer: dynamoError('AccessDeniedException', detail),
  note: { kind: 'denied', code: 'AccessDeniedException', detail },
});
