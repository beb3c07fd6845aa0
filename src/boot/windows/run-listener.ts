import { powershell } from './powershell';

export const runListener = powershell`
# ---- listener
function Read-Marker($text) { # the markers say more than the exit status
  Write-Log $text
  if ($text -match '^[0-9].*Z: Listening for Jobs') {
    if ($Phases.Contains('listening')) { return } # launched again: the idle time runs on
    Unregister-ScheduledTask -TaskName mayfly-boot-deadline -Confirm:$false
    Set-Phase listening
    $script:IdleAt = (Get-Now) + $IdleMs
    Set-Limit idle-over ($IdleAt + $IdleGraceMs)
    Send-News listening
  } elseif ($text -match '^[0-9].*Z: Running job: ') {
    $script:RanJob = $true; $script:IdleAt = 0
    Set-Limit lifetime-over $LifeEnd
    Set-Phase job
  } elseif ($text -match '^[0-9].*Z: Job .* completed with result: ') { Set-Phase completed } # not yet told to GitHub
}

function Send-News($reason) { try { Send-Report $reason } catch { } }

# The control plane then deletes the runner at GitHub: that ends the listener, unless it has just got a job.
function Test-Idle {
  if ($IdleAt -and (Get-Now) -ge $IdleAt) {
    $script:IdleAt = 0
    Set-Phase idle
    Send-News idle
  }
}

function Invoke-Listener($number) { # gives its exit status
  $task = "mayfly-runner-$number"; $log = "$Runner\listener-$number.log"
  $arguments = '/c set ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1&& bin\Runner.Listener.exe run >' + $log + ' 2>&1'
  $action = New-ScheduledTaskAction -Execute cmd.exe -Argument $arguments -WorkingDirectory $Runner
  # By default a task is stopped after three days, and has less than a program's usual priority.
  $settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) -Priority 5
  Register-ScheduledTask -TaskName $task -Action $action -Settings $settings -User runner -Password $Password | Out-Null
  Start-ScheduledTask -TaskName $task
  $reader = $null; $part = ''
  do {
    Start-Sleep -Milliseconds $PollMs
    $result = (Get-ScheduledTaskInfo -TaskName $task).LastTaskResult
    $runs = $result -in 267009, 267011, 267045 # runs, has not yet run, is queued
    if (-not $reader -and (Test-Path $log)) {
      $reader = New-Object IO.StreamReader ([IO.File]::Open($log, 'Open', 'Read', 'ReadWrite, Delete'))
    }
    if ($reader) {
      $lines = ($part + $reader.ReadToEnd()).Split($LF)
      $part = $lines[-1]
      for ($n = 0; $n -lt $lines.Count - 1; $n++) { Read-Marker $lines[$n].TrimEnd() }
    }
    Test-Clock
    Test-Idle
  } while ($runs)
  $result
}

function Wait-Update {
  $end = (Get-Now) + $UpdateMs
  while ((Get-Now) -lt $end -and -not (Test-Path "$Runner\update.finished")) { Start-Sleep -Milliseconds $PollMs }
  Remove-Item "$Runner\update.finished" -ErrorAction SilentlyContinue
}

$RanJob = $false; $IdleAt = 0; $relaunches = 0
while ($true) {
  $Status = Invoke-Listener $relaunches
  if ($Status -lt 2 -or $Status -gt 4) { break }
  $relaunches++
  if ($relaunches -gt 3) { Fail listener-failed }
  if ($Status -eq 2) { Start-Sleep -Milliseconds $RelaunchMs } else { Wait-Update }
}
if ($Status -eq 7) { Fail version-deprecated }
if ($Status -ne 0) { Fail listener-failed }
if (-not $RanJob) { Fail no-job }
$Code = 'done'
`;
