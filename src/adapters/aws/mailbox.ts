/** The mailbox table in DynamoDB: partition key `id`, time to live `expiresAt`; nothing else shares it. */
import { ConditionalCheckFailedException, type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Mail, Mailbox, RunnerRef } from '../../core/ports.ts';
import { type MailRow, toMail, USED } from '../mail.ts';
import { batchGet } from './batch-get.ts';
import { faultOf } from './classify.ts';
import { toAttributes } from './write-request.ts';

export class AwsMailbox implements Mailbox {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  async give(
    userId: string,
    letter: string,
    expiresAt: number,
    runner: RunnerRef,
  ): Promise<'given' | 'already' | 'throttled' | 'unavailable'> {
    const outcome = await this.#put(userId, expiresAt, { jit: letter, runner: { ...runner } });
    return outcome === 'put' ? 'given' : outcome;
  }

  async close(userId: string, expiresAt: number): Promise<'closed' | 'already' | 'throttled' | 'unavailable'> {
    const outcome = await this.#put(userId, expiresAt, { jit: USED });
    return outcome === 'put' ? 'closed' : outcome;
  }

  async read(userIds: readonly string[]): Promise<readonly Mail[] | 'unavailable'> {
    const keys = userIds.map((id) => toAttributes({ id }));
    const rows = await batchGet(this.#client, this.#tableName, keys);
    if (rows === 'unavailable') return rows;
    const mails = new Map(rows.map((row) => toMail(unmarshall(row) as MailRow)).map((mail) => [mail.id, mail]));
    return userIds.flatMap((id) => mails.get(id) ?? []);
  }

  /** Once for each row. An update, not a put: the instance may have made the row before, with a report. */
  async #put(userId: string, expiresAt: number, letter: { jit: string; runner?: object }) {
    const values = { ...letter, expiresAt: Math.ceil(expiresAt / 1_000) };
    const named = Object.entries(values).map(([name, value]) => [`:${name}`, value]);
    const request = new UpdateItemCommand({
      TableName: this.#tableName,
      Key: toAttributes({ id: userId }),
      UpdateExpression: `SET ${Object.keys(values)
        .map((name) => `${name} = :${name}`)
        .join(', ')}`,
      ConditionExpression: 'attribute_not_exists(jit)',
      ExpressionAttributeValues: toAttributes(Object.fromEntries(named)),
    });
    try {
      await this.#client.send(request);
      return 'put';
    } catch (error) {
      return error instanceof ConditionalCheckFailedException ? 'already' : faultOf(error);
    }
  }
}
