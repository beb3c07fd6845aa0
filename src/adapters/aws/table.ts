/** The state table in DynamoDB: partition key `pk`, sort key `sk`, time to live `expiresAt`. */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Item, Key, Page, Table, Write, WriteOutcome } from '../../core/ports.ts';
import { checkKeys, checkWrites } from '../table-rules.ts';
import { batchGet } from './batch-get.ts';
import { faultOf, refusalOf } from './classify.ts';
import { keyAttributes, toAttributes, toTransactItem } from './write-request.ts';

export class AwsTable implements Table {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  async read(keys: readonly Key[]): Promise<readonly (Item | undefined)[] | 'unavailable'> {
    checkKeys(keys);
    const rows = await batchGet(this.#client, this.#tableName, keys.map(keyAttributes));
    if (rows === 'unavailable') return rows;
    const items = new Map(rows.map((row) => unmarshall(row) as Item).map((item) => [`${item.pk}\n${item.sk}`, item]));
    return keys.map(({ pk, sk }) => items.get(`${pk}\n${sk}`));
  }

  async query(
    pk: string,
    options: { prefix?: string; after?: string; limit?: number } = {},
  ): Promise<Page | 'unavailable'> {
    const { prefix = '', after, limit } = options;
    const request = new QueryCommand({
      TableName: this.#tableName,
      ConsistentRead: true,
      // DynamoDB refuses an empty prefix.
      KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: toAttributes({ ':pk': pk, ':prefix': prefix === '' ? undefined : prefix }),
      ExclusiveStartKey: after === undefined ? undefined : keyAttributes({ pk, sk: after }),
      Limit: limit,
    });
    try {
      const reply = await this.#client.send(request);
      const items = (reply.Items ?? []).map((row) => unmarshall(row) as Item);
      const last = reply.LastEvaluatedKey;
      return last === undefined ? { items } : { items, next: unmarshall(last).sk };
    } catch (error) {
      faultOf(error);
      return 'unavailable';
    }
  }

  async write(writes: readonly Write[]): Promise<WriteOutcome> {
    checkWrites(writes);
    if (writes.length === 0) return { kind: 'ok' };
    try {
      await this.#send(writes);
      return { kind: 'ok' };
    } catch (error) {
      return refusalOf(error);
    }
  }

  /**
   * One write goes alone, at half the price of a transaction. But not a lone addition: a try whose reply was lost is
   * repeated by the client, and only a transaction carries a token by which DynamoDB knows the repetition.
   * A repeated put or delete is a conflict with itself, which costs its caller a look.
   */
  #send(writes: readonly Write[]): Promise<unknown> {
    const items = writes.map((write) => toTransactItem(this.#tableName, write));
    const [first] = items.length === 1 ? items : [];
    if (first?.Put) return this.#client.send(new PutItemCommand(first.Put));
    if (first?.Delete) return this.#client.send(new DeleteItemCommand(first.Delete));
    return this.#client.send(new TransactWriteItemsCommand({ TransactItems: items }));
  }
}
