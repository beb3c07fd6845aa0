/** A write in DynamoDB's words. */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Key, Write } from '../../core/ports.ts';

/** Attributes that are `undefined` are left out. */
export const toAttributes = (value: object) => marshall(value, { removeUndefinedValues: true });

export const keyAttributes = ({ pk, sk }: Key) => toAttributes({ pk, sk });

export function toTransactItem(tableName: string, write: Write): TransactWriteItem {
  switch (write.kind) {
    case 'put':
      return { Put: { TableName: tableName, Item: toAttributes(write.item), ...versionIs(write.ifVersion) } };
    case 'delete':
      return { Delete: { TableName: tableName, Key: keyAttributes(write.key), ...versionIs(write.ifVersion) } };
    case 'add':
      return { Update: addition(tableName, write) };
  }
}

const versionIs = (ifVersion: number) =>
  ifVersion === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : { ConditionExpression: 'v = :v', ExpressionAttributeValues: toAttributes({ ':v': ifVersion }) };

function addition(tableName: string, write: Write & { kind: 'add' }) {
  const { key, attribute, amount, atMost, expiresAt } = write;
  const room = atMost === undefined ? undefined : atMost - amount;
  return {
    TableName: tableName,
    Key: keyAttributes(key),
    UpdateExpression: `ADD #n :amount, v :one${expiresAt === undefined ? '' : ' SET expiresAt = :expiresAt'}`,
    ConditionExpression: room === undefined ? undefined : roomFor(room),
    ExpressionAttributeNames: { '#n': attribute },
    ExpressionAttributeValues: toAttributes({ ':amount': amount, ':one': 1, ':room': room, ':expiresAt': expiresAt }),
  };
}

/** A counter that is not there is 0. */
const roomFor = (room: number) => (room < 0 ? '#n <= :room' : 'attribute_not_exists(#n) OR #n <= :room');
