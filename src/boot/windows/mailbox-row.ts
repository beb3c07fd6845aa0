import { powershell } from './powershell';

/** What this instance may touch in AWS: its row in DynamoDB, its folder for logs in S3. */
export const mailboxRow = powershell`
# ---- reports
function Update-Row($ms, $update) {
  $item = @{ TableName = $MailboxTable; Key = @{ id = @{ S = $UserId } } } + $update
  $headers = @{ 'content-type' = 'application/x-amz-json-1.0'; 'x-amz-target' = 'DynamoDB_20120810.UpdateItem' }
  $json = $Utf8.GetBytes((ConvertTo-Json $item -Depth 9 -Compress))
  Send-Signed dynamodb POST "$DynamoDb/" $headers $json $ms
}

function Send-Report($reason) { # tried once. src/core/boot-report.ts reads it
  try { Read-Credentials } catch { } # those from the start may have expired during a long job
  $report = [ordered]@{ code = $reason; line = $Line; 'exit' = $Status; platform = $Platform; phases = $Phases }
  if ($Output) { $report['output'] = $Output }
  $text = ConvertTo-Json $report -Depth 9 -Compress
  $reply = Update-Row 3000 @{
    UpdateExpression = 'SET boot = :b'; ReturnValues = 'NONE'
    ExpressionAttributeValues = @{ ':b' = @{ S = $text } }
  }
  if ($reply.Status -ne 200) { Write-Log "mayfly: the mailbox answers $($reply.Status) $($reply.Text)" }
}

function Read-Tail($file, $count) { # also of a file that is being written
  $stream = [IO.File]::Open($file, 'Open', 'Read', 'ReadWrite, Delete')
  try {
    if ($stream.Length -gt $count) { [void]$stream.Seek(-$count, 'End') }
    $memory = New-Object IO.MemoryStream
    $stream.CopyTo($memory)
    , $memory.ToArray()
  } finally { $stream.Close() }
}

function Send-Logs { # 1 MB and 5 s at most
  $memory = New-Object IO.MemoryStream
  $gzip = New-Object IO.Compression.GZipStream($memory, [IO.Compression.CompressionMode]::Compress)
  # A junction that the job put in the place of a folder must not lead to what it may not read itself.
  $diag = Get-Item "$Runner\_diag" -ErrorAction SilentlyContinue | Where-Object { $_.Attributes -notmatch 'ReparsePoint' }
  $logs = $diag | Get-ChildItem -File -ErrorAction SilentlyContinue | Where-Object { $_.Attributes -notmatch 'ReparsePoint' } |
    Sort-Object LastWriteTime -Descending | Select-Object -First 3
  foreach ($file in @($BootLog) + @($logs.FullName) | Where-Object { $_ }) {
    try {
      [byte[]]$bytes = $Utf8.GetBytes("==> $file$LF") + (Read-Tail $file 250000)
      $gzip.Write($bytes, 0, $bytes.Length)
    } catch { } # one that can not be read keeps no other back
  }
  $gzip.Close()
  [void](Send-Signed s3 PUT "$S3/logs/$RoleId%3A$InstanceId/boot.log.gz" @{} $memory.ToArray() 4000)
}
`;
