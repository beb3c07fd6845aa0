import { bash } from './bash';

/** What this instance may touch in AWS: its row in DynamoDB, its folder for logs in S3. */
export const mailboxRow = bash`
# ---- reports
readonly DYNAMODB="\${DYNAMODB_ENDPOINT:-https://dynamodb.$REGION.$DOMAIN}"
readonly S3="\${S3_ENDPOINT:-https://$BUCKET.s3.$REGION.$DOMAIN}"

signed_curl() { # signed_curl SERVICE OPTION...
  curl_with silent show-error 'connect-timeout = 3' "aws-sigv4 = aws:amz:$REGION:$1" \
    "user = $ACCESS_KEY_ID:$SECRET_ACCESS_KEY" "header = x-amz-security-token:$SESSION_TOKEN" "\${@:2}"
}

update_item() { # update_item SECONDS JSON: with ' for "; prints the reply and, on its last line, the HTTP status or 000
  local json="{'TableName':'$MAILBOX_TABLE','Key':{'id':{'S':'$USER_ID'}},\${2//$'\n'/}}"
  signed_curl dynamodb "max-time = $1" "url = $DYNAMODB/" "data = \"\${json//\'/\\\"}\"" 'write-out = "\n%{http_code}"' \
    'header = content-type:application/x-amz-json-1.0' 'header = x-amz-target:DynamoDB_20120810.UpdateItem'
}

report() { # tried once, for 5 s at most. src/core/boot-report.ts reads it
  { read_token && read_credentials; } || true # those from the start may have expired during a long job
  local json="{'code':'$CODE','line':$LINE,'exit':$STATUS,'platform':'$PLATFORM',$OUTPUT'phases':{$PHASES}}"
  json=\${json//\'/\\\\\\\"} # text inside JSON inside a curl option
  json=$(update_item 3 "'UpdateExpression':'SET boot = :b','ReturnValues':'NONE',
    'ExpressionAttributeValues':{':b':{'S':'$json'}}") || true
  [[ $json == *200 ]] || echo "mayfly: the mailbox answers $json"
}

upload_logs() { # 1 MB and 5 s at most
  {
    tail -c 300000 "$ROOT/var/log/cloud-init-output.log"
    # As the job's user: a link that the job put there must not lead to what it may not read itself.
    timeout -k 1 1 runuser -u runner -- sh -c 'cd "$0" && ls -t | head -n 3 | xargs tail -vc 200000 --' "$RUNNER/_diag"
  } 2>/dev/null | gzip >"$SCRATCH"
  signed_curl s3 'max-time = 4' "url = $S3/logs/\${USER_ID/:/%3A}/boot.log.gz" "upload-file = $SCRATCH"
}

USER_ID="$ROLE_ID:$INSTANCE_ID" # from here on, finish reports
`;
