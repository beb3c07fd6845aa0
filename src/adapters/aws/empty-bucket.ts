/** Deletes every object of a bucket. What is written meanwhile is found by the next page. */
import { DeleteObjectsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';

/** A thousand objects each. At 300 ms a page this is five minutes: a million objects. */
const MOST_PAGES = 1_000;

/** @throws what S3 says. */
export async function emptyBucket(client: S3Client, bucket: string): Promise<void> {
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    if (Contents.length === 0) return;
    const Objects = Contents.map(({ Key }) => ({ Key }));
    const { Errors = [] } = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    const [error] = Errors;
    if (error) throw new Error(`the bucket can not be emptied: ${error.Code} ${error.Message}`);
  }
}
