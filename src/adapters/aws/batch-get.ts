/** BatchGetItem, strongly consistent, until nothing is left unprocessed. */
import { setTimeout as pause } from 'node:timers/promises';
import { type AttributeValue, BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { faultOf } from './classify.ts';

type Attributes = Record<string, AttributeValue>;

/** BatchGetItem takes 100 keys, and answers with at most 16 MB; the rest comes back as unprocessed. */
const KEYS_PER_CALL = 100;
/** 100 rows of 400 KB, DynamoDB's largest, need three. The pauses between add up to 1.5 s. */
const MOST_ROUNDS = 6;
const FIRST_PAUSE_MS = 50;

/** Rows in any order; without those that are not there. */
export async function batchGet(
  client: DynamoDBClient,
  tableName: string,
  keys: readonly Attributes[],
): Promise<readonly Attributes[] | 'unavailable'> {
  const rows: Attributes[] = [];
  for (let at = 0; at < keys.length; at += KEYS_PER_CALL) {
    const some = await getAll(client, tableName, keys.slice(at, at + KEYS_PER_CALL));
    if (some === 'unavailable') return some;
    rows.push(...some);
  }
  return rows;
}

async function getAll(client: DynamoDBClient, tableName: string, keys: Attributes[]) {
  const rows: Attributes[] = [];
  let pending = keys;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    if (round > 0) await pause(FIRST_PAUSE_MS * 2 ** (round - 1));
    const reply = await getSome(client, tableName, pending);
    if (reply === 'unavailable') return reply;
    rows.push(...(reply.Responses?.[tableName] ?? []));
    pending = reply.UnprocessedKeys?.[tableName]?.Keys ?? [];
    if (pending.length === 0) return rows;
  }
  return 'unavailable';
}

async function getSome(client: DynamoDBClient, tableName: string, keys: Attributes[]) {
  const request = { RequestItems: { [tableName]: { Keys: keys, ConsistentRead: true } } };
  try {
    return await client.send(new BatchGetItemCommand(request));
  } catch (error) {
    faultOf(error);
    return 'unavailable';
  }
}
