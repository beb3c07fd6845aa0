/** HTTP by .NET: what Windows brings of curl and AWS's own tools signs nothing, or not what is needed. */
import { powershell } from './powershell';

export const requests = powershell`
# ---- requests
function Send-Request($method, $url, $headers, [byte[]]$body, $ms, $proxy, $file) { # gives Status (0: no reply) and Text
  $reply = @{ Status = 0; Text = '' }
  try {
    $request = [Net.WebRequest]::Create($url)
    $request.Method = $method
    $request.Timeout = $ms
    $request.ReadWriteTimeout = $ms
    $request.Proxy = $proxy
    $request.AllowAutoRedirect = $false
    $request.ServicePoint.Expect100Continue = $false
    foreach ($name in $headers.Keys) {
      if ($name -eq 'content-type') { $request.ContentType = $headers[$name] }
      elseif ($name -ne 'host') { $request.Headers[$name] = $headers[$name] }
    }
    if ($method -ne 'GET') {
      $request.ContentLength = $body.Length
      $stream = $request.GetRequestStream()
      $stream.Write($body, 0, $body.Length)
      $stream.Close()
    }
    try { $response = $request.GetResponse() } catch {
      $cause = $_.Exception
      while ($cause -and $cause -isnot [Net.WebException]) { $cause = $cause.InnerException }
      $response = $cause.Response # of an error of the server; nothing: none came
      if (-not $response) { return $reply }
    }
    $stream = $response.GetResponseStream()
    if ($file -and [int]$response.StatusCode -eq 200) { Save-Stream $stream $file }
    else { $reply.Text = (New-Object IO.StreamReader $stream).ReadToEnd() }
    $response.Close()
    $reply.Status = [int]$response.StatusCode
  } catch {
    Write-Log "mayfly: $method $url broke off"
    if ($request) { $request.Abort() } # .NET keeps two connections to a host, and would wait for this one
  }
  $reply
}

function Save-Stream($stream, $file) {
  $buffer = New-Object byte[] 1048576
  $out = [IO.File]::Create($file)
  try {
    while (($count = $stream.Read($buffer, 0, $buffer.Length)) -gt 0) {
      $out.Write($buffer, 0, $count)
      Test-Clock runner-download
    }
  } finally { $out.Close() }
}
`;
