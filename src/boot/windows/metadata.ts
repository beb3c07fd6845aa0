import { powershell } from './powershell';

export const metadata = powershell`
# ---- metadata
function Read-Metadata($path, $method = 'GET', $header = @{ 'x-aws-ec2-metadata-token' = $Token }) {
  $reply = Send-Request $method "$Metadata/latest/$path" $header $NoBytes 1000 $Direct
  if ($reply.Status -ne 200) { throw 'metadata' }
  $reply.Text.Trim()
}

function Read-Credentials {
  $script:Token = Read-Metadata 'api/token' PUT @{ 'x-aws-ec2-metadata-token-ttl-seconds' = '21600' }
  $role = Read-Metadata 'meta-data/iam/security-credentials/'
  $keys = ConvertFrom-Json (Read-Metadata "meta-data/iam/security-credentials/$role")
  if (-not $keys.Token) { throw 'metadata' }
  $script:AccessKeyId = $keys.AccessKeyId
  $script:SecretAccessKey = $keys.SecretAccessKey
  $script:SessionToken = $keys.Token
}
`;

export const readMetadata = powershell`
# The role's credentials can be missing for seconds after the start.
while ($true) {
  try {
    Read-Credentials
    $InstanceId = Read-Metadata 'meta-data/instance-id'
    $Region = Read-Metadata 'meta-data/placement/region'
    $Domain = Read-Metadata 'meta-data/services/domain'
    $About = (Read-Metadata 'meta-data/instance-type') + ', ' + (Read-Metadata 'meta-data/ami-id') + ', ' +
      (Read-Metadata 'meta-data/placement/availability-zone')
    break
  } catch {
    Test-Clock metadata-unavailable
    Start-Sleep -Milliseconds 500
  }
}
if (-not $DynamoDb) { $DynamoDb = "https://dynamodb.$Region.$Domain" }
if (-not $S3) { $S3 = "https://$Bucket.s3.$Region.$Domain" }
Set-Phase metadata
$UserId = $RoleId + ':' + $InstanceId # from here on, Finish reports
`;
