/** The launch queue in SQS, for its writers. Lambda reads it. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Queue, SendOutcome } from '../../core/ports.ts';
import { checkDelay } from '../queue-rules.ts';
import { faultOf } from './classify.ts';

export class AwsQueue implements Queue {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  /** SQS delays by whole seconds: rounded up, so that nothing comes too early. */
  async send(body: string, delayMs = 0): Promise<SendOutcome> {
    checkDelay(delayMs);
    const DelaySeconds = Math.ceil(delayMs / 1_000);
    try {
      await this.#client.send(new SendMessageCommand({ QueueUrl: this.#queueUrl, MessageBody: body, DelaySeconds }));
      return 'ok';
    } catch (error) {
      return faultOf(error);
    }
  }
}
