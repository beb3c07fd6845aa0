import { bash } from './bash';

export const metadata = bash`
# ---- metadata
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
  facts=$(metadata instance-id placement/region services/domain instance-type ami-id placement/availability-zone \
    iam/security-credentials/) || return 1
  read -r INSTANCE_ID REGION DOMAIN TYPE IMAGE ZONE ROLE <<<"\${facts//$'\n'/ }"
}

read_credentials() { # in the order in which they always come
  local value='" *: *"([^"]*)".*'
  [[ $(metadata "iam/security-credentials/$ROLE") =~ AccessKeyId$value\"SecretAccessKey$value\"Token$value ]] &&
    ACCESS_KEY_ID=\${BASH_REMATCH[1]} SECRET_ACCESS_KEY=\${BASH_REMATCH[2]} SESSION_TOKEN=\${BASH_REMATCH[3]}
}

# The role's credentials can be missing for seconds after the start.
until read_token && read_instance && read_credentials; do
  check_clock metadata-unavailable
  sleep 0.5
done
phase metadata
`;
