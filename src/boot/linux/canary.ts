import { bash } from './bash';

/** What an instance proves of a user's account instead of taking a letter and running a job. */
export interface CanaryChecks {
  /** The package that a runner would be sent for: where it lies in the bucket, and its sha256. */
  readonly runnerKey: string;
  readonly runnerSha256: string;
}

/**
 * Whether the mailbox lets it in where it should, and nowhere else. It takes what lies in its row, or is told that nothing
 * does: both are right. The first call is also the first that is signed.
 */
export const canaryMailbox = bash`
# ---- canary: mailbox
canary() { # canary CHECK ANSWER: what failed goes into the report, whose quoting allows neither quotes nor backslashes
  OUTPUT=$(printf '%s: %s' "$1" "$2" | tail -c 600 | tr -c 'A-Za-z0-9 .,:;/=_+()|-' '?')
  OUTPUT="'output':'$OUTPUT',"
}

now
TAKE="'UpdateExpression':'SET jit = :used, takenAt = :t','ReturnValues':'UPDATED_OLD',
  'ConditionExpression':'attribute_exists(jit) AND jit <> :used',
  'ExpressionAttributeValues':{':used':{'S':'used'},':t':{'S':'$NOW'}}"
REPLY=$(update_item 5 "$TAKE") || true
canary 'own row' "$REPLY"
[[ $REPLY == *$'\n'200 || $REPLY == *ConditionalCheckFailed* ]] || fail canary-failed
REPLY=$(USER_ID="$ROLE_ID:i-00000000000000000" update_item 5 "$TAKE") || true
canary 'row of another' "$REPLY"
[[ $REPLY == *AccessDenied* ]] || fail canary-failed
OUTPUT=''
phase mailbox
rm -f "$RUNNER/.sha256" # a runner that is baked in would not prove the bucket
`;

/** Whether it may write its own logs, and the runner starts: that needs all of its libraries. */
export const canaryRunner = bash`
# ---- canary: logs, listener
echo canary >"$SCRATCH"
REPLY=$(signed_curl s3 fail 'max-time = 10' "url = $S3/logs/\${USER_ID/:/%3A}/canary" "upload-file = $SCRATCH" 2>&1) || {
  canary 'own log' "$REPLY"
  fail canary-failed
}
phase logs
chown -R runner: "$RUNNER"
REPLY=$(timeout -k 1 60 runuser -u runner -- "$RUNNER/bin/Runner.Listener" --version 2>&1) || STATUS=$?
canary listener "$REPLY"
[[ $STATUS == null && $REPLY =~ ^[0-9]+(\.[0-9]+)+$ ]] || fail canary-failed
phase listener
CODE=canary-passed
`;
