import { powershell } from './powershell';

/**
 * Signature Version 4 in three texts, as PowerShell's operator -f fills them; \n stands for a line feed. They are filled
 * here as well, by a test that has the signature verified.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export const SIGNATURE_TEXTS = {
  /** Method, path, lines of headers (each with a line feed), their names, hash of the body. */
  canonical: '{0}\\n{1}\\n\\n{2}\\n{3}\\n{4}',
  /** Time, scope, hash of the canonical request. */
  toSign: 'AWS4-HMAC-SHA256\\n{0}\\n{1}\\n{2}',
  /** Key id, scope, names of headers, signature. */
  authorization: 'AWS4-HMAC-SHA256 Credential={0}/{1}, SignedHeaders={2}, Signature={3}',
} as const;

const withTexts = (text: string) =>
  Object.entries(SIGNATURE_TEXTS).reduce(
    (script, [name, layout]) => script.replace(`@${name}@`, layout.replaceAll('\\n', '$LF')),
    text,
  );

export const sign = withTexts(powershell`
# ---- signature
function ConvertTo-Hex([byte[]]$bytes) { [BitConverter]::ToString($bytes).Replace('-', '').ToLowerInvariant() }

function Get-Sha256([byte[]]$bytes) { ConvertTo-Hex ([Security.Cryptography.SHA256]::Create().ComputeHash($bytes)) }

function Get-Hmac([byte[]]$key, $text) { # the comma keeps the bytes together
  $hmac = New-Object Security.Cryptography.HMACSHA256
  $hmac.Key = $key
  , $hmac.ComputeHash($Utf8.GetBytes($text))
}

function Get-SignedHeaders($service, $method, $url, $headers, [byte[]]$body) {
  $uri = [uri]$url
  $time = [DateTime]::UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'")
  $day = $time.Substring(0, 8)
  $hash = Get-Sha256 $body
  $all = $headers + @{
    'host' = $uri.Authority; 'x-amz-date' = $time
    'x-amz-content-sha256' = $hash; 'x-amz-security-token' = $SessionToken
  }
  [string[]]$names = $all.Keys
  [Array]::Sort($names, [StringComparer]::Ordinal)
  $lines = -join ($names | ForEach-Object { $_ + ':' + $all[$_] + $LF })
  $signed = $names -join ';'
  $scope = "$day/$Region/$service/aws4_request"
  $canonical = "@canonical@" -f $method, $uri.AbsolutePath, $lines, $signed, $hash
  $toSign = "@toSign@" -f $time, $scope, (Get-Sha256 $Utf8.GetBytes($canonical))
  $key = $Utf8.GetBytes("AWS4$SecretAccessKey")
  foreach ($part in $day, $Region, $service, 'aws4_request') { $key = Get-Hmac $key $part }
  $signature = ConvertTo-Hex (Get-Hmac $key $toSign)
  $all['authorization'] = "@authorization@" -f $AccessKeyId, $scope, $signed, $signature
  $all
}

function Send-Signed($service, $method, $url, $headers, [byte[]]$body, $ms, $file) {
  $signedHeaders = Get-SignedHeaders $service $method $url $headers $body
  Send-Request $method $url $signedHeaders $body $ms $Proxy $file
}
`);
