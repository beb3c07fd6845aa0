import { bash } from './bash';

export const metadata = bash`
# ---- metadata: which instance this is, and its role's credentials
TOKEN='' INSTANCE_ID='' REGION='' DOMAIN='' ROLE='' ACCESS_KEY_ID='' SECRET_ACCESS_KEY='' SESSION_TOKEN=''

curl_with() { # curl_with OPTION...: on stdin, because every process can see what stands in argv
  printf '%s\n' "$@" | curl -q -K -
}

read_token() {
  TOKEN=$(curl_with silent fail 'max-time = 1' 'request = PUT' "url = $METADATA/latest/api/token" \
    'header = X-aws-ec2-metadata-token-ttl-seconds:21600')
}

metadata() { # metadata PATH...: prints a line for each
  curl_with silent fail fail-early 'max-time = 1' 'write-out = "\n"' "header = X-aws-ec2-metadata-token:$TOKEN" \
    "\${@/#/url = $METADATA/latest/meta-data/}"
}

read_instance() {
  local facts
  facts=$(metadata instance-id placement/region services/domain iam/security-credentials/) || return 1
  { read -r INSTANCE_ID && read -r REGION && read -r DOMAIN && read -r ROLE; } <<<"$facts"
}

json_text() { # json_text JSON KEY VARIABLE
  [[ $1 =~ \"$2\"[[:space:]]*:[[:space:]]*\"([^\"]*)\" ]] && printf -v "$3" %s "\${BASH_REMATCH[1]}"
}

read_credentials() {
  local json
  json=$(metadata "iam/security-credentials/$ROLE") || return 1
  json_text "$json" AccessKeyId ACCESS_KEY_ID && json_text "$json" SecretAccessKey SECRET_ACCESS_KEY &&
    json_text "$json" Token SESSION_TOKEN
}

# The role's credentials can be missing for seconds after the start.
until read_token && read_instance && read_credentials; do
  check_clock metadata-unavailable
  sleep 0.5
done
phase metadata
`;
