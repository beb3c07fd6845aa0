/** A refusal as each service words it, so that clients take it for AWS's own. */
export interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** The code that services say when IAM does not allow a call. */
const DENIED: Readonly<Record<string, string>> = { ec2: 'UnauthorizedOperation', s3: 'AccessDenied' };

export const denialCode = (service: string) => DENIED[service] ?? 'AccessDeniedException';

const JSON_SERVICES = new Set(['dynamodb', 'sqs', 'secretsmanager', 'ssm', 'logs', 'events', 'lambda']);

const JSON_STATUS: Readonly<Record<string, number>> = { ServiceUnavailable: 503, InternalServerError: 500 };

export function refusal(service: string, code: string, message: string): Refusal {
  if (JSON_SERVICES.has(service)) {
    const body = JSON.stringify({ __type: `com.amazonaws.${service}#${code}`, message, Message: message });
    return { status: JSON_STATUS[code] ?? 400, type: 'application/x-amz-json-1.0', body };
  }
  const error = `<Code>${code}</Code><Message>${escapeXml(message)}</Message>`;
  const status = /Limit|Throttl|Unavailable|SlowDown/.test(code) ? 503 : 403;
  const xml = (body: string) => ({ status, type: 'application/xml', body: `<?xml version="1.0"?>\n${body}` });
  if (service === 'ec2')
    return xml(`<Response><Errors><Error>${error}</Error></Errors><RequestID>gate</RequestID></Response>`);
  if (service === 's3') return xml(`<Error>${error}<RequestId>gate</RequestId></Error>`);
  return xml(`<ErrorResponse><Error><Type>Sender</Type>${error}</Error><RequestId>gate</RequestId></ErrorResponse>`);
}

const escapeXml = (text: string) => text.replace(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`);
