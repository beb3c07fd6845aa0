import { powershell } from './powershell';

export const takeLetter = powershell`
# ---- letter
function Update-Letter($expression, $condition, $returns) {
  Update-Row 5000 @{
    UpdateExpression = $expression; ConditionExpression = $condition; ReturnValues = $returns
    ExpressionAttributeValues = @{ ':used' = @{ S = 'used' }; ':t' = @{ S = "$(Get-Now)" } }
  }
}

$lost = $false
while ($true) {
  $reply = Update-Letter 'SET jit = :used, takenAt = :t' 'attribute_exists(jit) AND jit <> :used' UPDATED_OLD
  if ($reply.Status -eq 200) { break }
  if ($reply.Text -match 'ConditionalCheckFailed') {
    if ($lost) { # not there yet, unless it was taken by a call of ours whose reply was lost
      $taken = Update-Letter 'SET takenAt = :t' 'jit = :used' NONE
      if ($taken.Status -eq 200) { Fail mail-lost }
      if ($taken.Text -match 'ConditionalCheckFailed') { $lost = $false }
    }
  } elseif ($reply.Status -eq 0 -or $reply.Status -ge 500) { $lost = $true } # it may have been taken all the same
  else { Write-Log "mayfly: the mailbox answers $($reply.Status) $($reply.Text)" }
  Test-Clock mail-missing
  Start-Sleep -Milliseconds $PollMs
}
$letter = (ConvertFrom-Json $reply.Text).Attributes.jit.S
if ($letter -cnotmatch '^[A-Za-z0-9._/-]+ [0-9a-f]{64} [A-Za-z0-9+/=]+$') { Fail boot-error }
$RunnerKey, $RunnerSha256, $JitConfig = $letter.Split(' ')
Set-Phase letter
`;
