import { bash } from './bash';

export const mailboxRow = bash`
# ---- mailbox row: the only thing in DynamoDB that this instance may touch, and how it reports there
readonly DYNAMODB="\${DYNAMODB_ENDPOINT:-https://dynamodb.$REGION.$DOMAIN}"

signed_curl() { # signed_curl SERVICE OPTION...
  curl_with silent show-error 'connect-timeout = 3' "aws-sigv4 = aws:amz:$REGION:$1" \
    "user = $ACCESS_KEY_ID:$SECRET_ACCESS_KEY" "header = x-amz-security-token:$SESSION_TOKEN" "\${@:2}"
}

update_item() { # update_item SECONDS JSON: with ' for "; prints the reply and, on its last line, the HTTP status or 000
  local json="{'TableName':'$MAILBOX_TABLE','Key':{'id':{'S':'$USER_ID'}},\${2//$'\n'/}}"
  signed_curl dynamodb "max-time = $1" "url = $DYNAMODB/" "data = \"\${json//\'/\\\"}\"" 'write-out = "\n%{http_code}"' \
    'header = content-type:application/x-amz-json-1.0' 'header = x-amz-target:DynamoDB_20120810.UpdateItem'
}

report() { # tried once, for 5 s at most
  read_token && read_credentials || return # those from the start may have expired during a long job
  local json="{'code':'$CODE','line':$LINE,'exit':$EXIT_STATUS,'platform':'$PLATFORM',$OUTPUT'phases':{$PHASES}}"
  json=\${json//\'/\\\\\\\"} # text inside JSON inside a curl option
  update_item 3 "'UpdateExpression':'SET boot = :b','ReturnValues':'NONE',
    'ExpressionAttributeValues':{':b':{'S':'$json'}}"
}

USER_ID="$ROLE_ID:$INSTANCE_ID" # from here on, finish reports
`;
