/** The launch queue in SQS, for its writers. Lambda reads it. Without the SDK: GitHub waits while the webhook sends. */
import type { Queue, SendOutcome } from '../../core/ports.ts';
import { checkDelay } from '../queue-rules.ts';
import type { AwsCaller } from './call-aws.ts';
import { callJson } from './call-json.ts';
import { faultOf } from './classify.ts';

export class AwsQueue implements Queue {
  readonly #caller: AwsCaller;
  readonly #queueUrl: string;

  constructor(caller: AwsCaller, queueUrl: string) {
    this.#caller = caller;
    this.#queueUrl = queueUrl;
  }

  /** SQS delays by whole seconds: rounded up, so that nothing comes too early. */
  async send(body: string, delayMs = 0): Promise<SendOutcome> {
    checkDelay(delayMs);
    const input = { QueueUrl: this.#queueUrl, MessageBody: body, DelaySeconds: Math.ceil(delayMs / 1_000) };
    try {
      await callJson(this.#caller, { service: 'sqs', target: 'AmazonSQS.SendMessage', version: '1.0', input });
      return 'ok';
    } catch (error) {
      return faultOf(error);
    }
  }
}
