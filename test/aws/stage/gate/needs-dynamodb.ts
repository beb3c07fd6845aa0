/** DynamoDB: partition keys, attributes and ReturnValues of each item that a call touches. */
import type { GateFacts, Need } from './need.ts';
import type { AwsCall, Parameters } from './read-call.ts';

export function dynamodbNeeds({ name, parameters }: AwsCall, facts: GateFacts): Need[] {
  switch (name) {
    case 'TransactWriteItems':
    case 'TransactGetItems':
      return parameters.TransactItems.map((item: Parameters) => {
        const [[verb = '', one] = []] = Object.entries(item);
        return need(verb === 'ConditionCheck' ? 'ConditionCheckItem' : `${verb}Item`, one, facts);
      });
    case 'BatchGetItem':
      return Object.entries<Parameters>(parameters.RequestItems).map(([TableName, one]) =>
        need(name, { ...one, TableName }, facts),
      );
    case 'BatchWriteItem':
      return Object.entries<Parameters[]>(parameters.RequestItems).map(([TableName, writes]) =>
        need(name, { TableName, Keys: writes.map((one) => one.PutRequest?.Item ?? one.DeleteRequest?.Key) }, facts),
      );
    default:
      return [need(name, parameters, facts)];
  }
}

function need(name: string, one: Parameters, facts: GateFacts): Need {
  const keys = leadingKeys(one, facts.hashKeyOf(one.TableName));
  const attributes = attributesOf(one);
  // UpdateItem has its key always; other calls only when the parameter is sent.
  const returned = one.ReturnValues ?? (name === 'UpdateItem' ? 'NONE' : undefined);
  return {
    action: `dynamodb:${name}`,
    resource: `arn:aws:dynamodb:${facts.region}:${facts.account}:table/${one.TableName}`,
    context: {
      ...(keys.length > 0 ? { 'dynamodb:LeadingKeys': keys } : {}),
      ...(attributes.length > 0 ? { 'dynamodb:Attributes': attributes } : {}),
      ...(returned === undefined ? {} : { 'dynamodb:ReturnValues': returned }),
    },
  };
}

function leadingKeys(one: Parameters, hashKey: string | undefined): string[] {
  if (hashKey === undefined) return [];
  const items: Parameters[] = one.Keys ?? [one.Key ?? one.Item ?? {}];
  const keys = items.flatMap((item) => textIn(item[hashKey]));
  return [...new Set([...keys, ...queriedKey(one, hashKey)])];
}

const textIn = (value: Parameters | undefined): string[] =>
  value === undefined ? [] : [String(Object.values(value)[0])];

/** `#pk = :pk AND ...` of a query. */
function queriedKey(one: Parameters, hashKey: string): string[] {
  const [, name = '', value = ''] = /([#\w]+)\s*=\s*(:\w+)/.exec(one.KeyConditionExpression ?? '') ?? [];
  const isHashKey = (one.ExpressionAttributeNames?.[name] ?? name) === hashKey;
  return isHashKey ? textIn(one.ExpressionAttributeValues?.[value]) : [];
}

const EXPRESSIONS = [
  'UpdateExpression',
  'ConditionExpression',
  'ProjectionExpression',
  'KeyConditionExpression',
  'FilterExpression',
];
const WORDS = /^(SET|REMOVE|ADD|DELETE|AND|OR|NOT|IN|BETWEEN)$/i;

/** All attribute names in keys, items and expressions; functions and values are none. */
function attributesOf(one: Parameters): string[] {
  const text = EXPRESSIONS.map((expression) => one[expression] ?? '').join(' ');
  const words = [...text.matchAll(/(?<![:\w#])#?[A-Za-z_]\w*(?!\w*\s*\()/g)].map(([word]) => word);
  const items: Parameters[] = [...(one.Keys ?? []), one.Key ?? {}, one.Item ?? {}];
  const named = words.filter((word) => !WORDS.test(word)).map((word) => one.ExpressionAttributeNames?.[word] ?? word);
  return [...new Set([...items.flatMap((item) => Object.keys(item ?? {})), ...named])];
}
