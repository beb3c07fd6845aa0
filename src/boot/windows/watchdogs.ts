import { powershell } from './powershell';

/** First of all, and in plain text: from here on the machine dies, even if nothing below works or can be unpacked. */
export const watchdogs = powershell`
# ---- watchdogs
function Stop-Machine { # asked twice: by WMI, and should that be broken by the program
  try { Stop-Computer -Force } catch { }
  shutdown.exe /s /f /t 0
  exit 1
}

function Add-Watchdog($name, $trigger) { # a task of the system's own outlives this script
  $action = New-ScheduledTaskAction -Execute shutdown.exe -Argument '/s /f /t 0'
  $system = New-ScheduledTaskPrincipal -UserId SYSTEM -RunLevel Highest
  Register-ScheduledTask -TaskName "mayfly-$name" -Action $action -Trigger $trigger -Principal $system | Out-Null
}

try {
  # User data runs at the first boot only; this task runs at every later one.
  if (Get-ScheduledTask -TaskName mayfly-second-boot -ErrorAction SilentlyContinue) { Stop-Machine }
  Add-Watchdog second-boot (New-ScheduledTaskTrigger -AtStartup)
  Add-Watchdog lifetime (New-ScheduledTaskTrigger -Once -At (Get-Date).AddMilliseconds($LifetimeMs))
  Add-Watchdog boot-deadline (New-ScheduledTaskTrigger -Once -At (Get-Date).AddMilliseconds($BootDeadlineMs))
  $memory = New-Object IO.MemoryStream (, [Convert]::FromBase64String($Packed))
  $unpacked = New-Object IO.Compression.GZipStream($memory, [IO.Compression.CompressionMode]::Decompress)
  . ([scriptblock]::Create((New-Object IO.StreamReader $unpacked).ReadToEnd()))
} finally { Stop-Machine }
`;
