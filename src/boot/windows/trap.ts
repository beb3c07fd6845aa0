import { powershell } from './powershell';

/** Every way out of the packed script leads through `Finish`; the machine is stopped after it. */
export const trap = powershell`
# ---- trap
$Code = 'boot-error'; $Line = 0; $Status = $null; $Phases = [ordered]@{}; $Output = ''; $UserId = ''

function Get-Now { [DateTimeOffset]::UtcNow.ToUnixTimeMilliseconds() }

function Write-Log($text) { # not to the pipeline: that would become what a function returns
  try { [IO.File]::AppendAllText($BootLog, "$(Get-Date -Format o) $text$LF") } catch { }
}

function Set-Phase($name) { # remembers when it was first reached
  if (-not $Phases.Contains($name)) { $Phases[$name] = Get-Now }
  Write-Log "mayfly: $name"
}

function Fail($reason) {
  $script:Code = $reason
  $script:Line = (Get-PSCallStack)[1].ScriptLineNumber
  throw $reason
}

function Test-Clock($reason = $Limit) { # gives up when the limit is reached
  if ((Get-Now) -ge $LimitAt) { Fail $reason }
}

function Set-Limit($reason, $at) { # the limit from now on, unless the lifetime ends before
  $script:Limit = 'lifetime-over'; $script:LimitAt = $LifeEnd
  if ($at -le $LifeEnd) { $script:Limit = $reason; $script:LimitAt = $at }
}

function Finish { # at most 10 s
  Set-Phase ended
  if ($Code -eq 'boot-error' -and (Get-Now) -ge $LimitAt) { $script:Code = $Limit }
  Write-Log "mayfly: $Code (line $Line, runner's exit status $Status)"
  if ($UserId) {
    try { Send-Report $Code } catch { }
    try { Send-Logs } catch { }
  }
}

# The script gives up a little before the watchdog bites, so that it can say why.
$Limit = 'boot-deadline'
$LimitAt = (Get-Now) + $BootLimitMs
$LifeEnd = (Get-Now) + $LifeLimitMs
`;

/** Around all that can fail. The message of an error stays here: it may quote what it could not read. */
export const beginning = 'try {';
export const ending = powershell`
} catch {
  if ($Line -eq 0) { $Line = $_.InvocationInfo.ScriptLineNumber }
  Write-Log "mayfly: $($_.Exception.GetType().Name) in line $Line"
} finally { Finish }
`;
