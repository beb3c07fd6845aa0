// The least that a webhook function can be: checks the signature, reads the event, sends one hand-signed message.
// No errors, no rotation, no routing, no retries. What ours costs beyond this is what its care costs.
const { createHash, createHmac, timingSafeEqual } = process.getBuiltinModule('node:crypto');
const http = process.getBuiltinModule('node:http');

const { AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
const { MAYFLY_QUEUE_URL, MAYFLY_WEBHOOK_SECRET_ARN } = process.env;
const to = new URL(AWS_ENDPOINT_URL);
const agent = new http.Agent({ keepAlive: true });

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

function headersOf(service, version, target, body) {
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const type = `application/x-amz-json-${version}`;
  const names = 'content-type;host;x-amz-date;x-amz-security-token;x-amz-target';
  const lines = [type, to.host, time, AWS_SESSION_TOKEN, target].map((value, at) => `${names.split(';')[at]}:${value}`);
  const scope = `${time.slice(0, 8)}/${AWS_REGION}/${service}/aws4_request`;
  const key = scope.split('/').reduce(hmac, `AWS4${AWS_SECRET_ACCESS_KEY}`);
  const canonical = `POST\n/\n\n${lines.join('\n')}\n\n${names}\n${sha256(body)}`;
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${AWS_ACCESS_KEY_ID}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-amz-date': time,
    'x-amz-security-token': AWS_SESSION_TOKEN,
    'x-amz-target': target,
    authorization,
  };
}

function call(service, version, target, input) {
  const body = JSON.stringify(input);
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent, headers: headersOf(service, version, target, body) };
    const outgoing = http.request(to, options, async (incoming) => {
      let text = '';
      for await (const chunk of incoming) text += chunk;
      resolve(JSON.parse(text));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const secretCall = { SecretId: MAYFLY_WEBHOOK_SECRET_ARN };
const { SecretString } = await call('secretsmanager', '1.1', 'secretsmanager.GetSecretValue', secretCall);

export async function handler({ headers, body }) {
  const given = Buffer.from(headers['x-hub-signature-256'].slice('sha256='.length), 'hex');
  if (!timingSafeEqual(given, hmac(SecretString, body))) return { statusCode: 401 };
  const { workflow_job: job, repository } = JSON.parse(body);
  const message = { id: job.id, repository: repository.full_name, labels: job.labels };
  const input = { QueueUrl: MAYFLY_QUEUE_URL, MessageBody: JSON.stringify(message) };
  await call('sqs', '1.0', 'AmazonSQS.SendMessage', input);
  return { statusCode: 202 };
}
