import { bash } from './bash';

export const mailboxRow = bash`
# ---- mailbox row: the only thing in DynamoDB that this instance may touch, and how it reports there
readonly DYNAMODB="\${DYNAMODB_ENDPOINT:-https://dynamodb.$REGION.$DOMAIN}"

signed_curl() { # signed_curl SERVICE OPTION...
  printf '%s\n' silent show-error 'connect-timeout = 3' \
    "aws-sigv4 = \"aws:amz:$REGION:$1\"" "user = \"$ACCESS_KEY_ID:$SECRET_ACCESS_KEY\"" \
    "header = \"x-amz-security-token: $SESSION_TOKEN\"" "\${@:2}" | curl -q -K -
}

quote() { # quote TEXT: sets REPLY to it with \ and " escaped, as JSON and curl's options want it
  REPLY=\${1//\\/\\\\}
  REPLY=\${REPLY//\"/\\\"}
}

update_item() { # update_item SECONDS JSON: prints the reply and, on its last line, the HTTP status; 000: no reply
  quote "{\"TableName\":\"$MAILBOX_TABLE\",\"Key\":{\"id\":{\"S\":\"$USER_ID\"}},$2}"
  signed_curl dynamodb "max-time = $1" "url = \"$DYNAMODB/\"" "data = \"$REPLY\"" 'write-out = "\n%{http_code}"' \
    'header = "content-type: application/x-amz-json-1.0"' 'header = "x-amz-target: DynamoDB_20120810.UpdateItem"'
}

report() { # tried once, for 5 s at most
  read_token && read_credentials || return # those from the start may have expired during a long job
  quote "{\"code\":\"$CODE\",\"line\":$LINE,\"exit\":$EXIT_STATUS,\"platform\":\"$PLATFORM\",\"phases\":{$PHASES}}"
  local values="\"ExpressionAttributeValues\":{\":b\":{\"S\":\"$REPLY\"}}"
  update_item 3 '"UpdateExpression":"SET boot = :b","ReturnValues":"NONE",'"$values"
}

USER_ID="$ROLE_ID:$INSTANCE_ID" # from here on, finish reports
`;
