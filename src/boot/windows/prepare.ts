import { powershell } from './powershell';

/** What the machine must have before the letter is taken: a user for jobs, the pool's own setup. */
/** Folders of the script's own. */
export const folders = powershell`
# ---- folders
function Set-Access($folder, $more) { # for the system and administrators alone, and more
  $grants = @('*S-1-5-18:(OI)(CI)F', '*S-1-5-32-544:(OI)(CI)F') + $more | Where-Object { $_ }
  icacls.exe $folder /inheritance:r /grant:r $grants /q | Out-Null
  if ($LASTEXITCODE) { throw 'icacls' }
}

New-Item -ItemType Directory -Force -Path $Private, $Runner | Out-Null
# Jobs read the job hook and certificates, and see nothing of the rest.
Set-Access $Public '*S-1-5-32-545:(OI)(CI)RX'
Set-Access $Private
# Its default may be older than what AWS speaks.
[Net.ServicePointManager]::SecurityProtocol = 'Tls12'
Add-Type -AssemblyName System.Security
Add-Type -AssemblyName System.IO.Compression.FileSystem
Set-Phase started
`;

export const prepare = powershell`
# ---- setup
# Updaters would slow the job down, or restart the machine. Services that do not stop hold up its end for 5 s at most.
foreach ($name in 'UsoSvc', 'wuauserv') {
  Set-Service $name -StartupType Disabled -ErrorAction SilentlyContinue
  Stop-Service $name -Force -NoWait -ErrorAction SilentlyContinue
}
Set-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Control WaitToKillServiceTimeout 5000

# A password that nobody knows: the task scheduler wants one, to start the runner with the profile of its user.
$random = New-Object byte[] 24
[Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($random)
$Password = 'aA1!' + [Convert]::ToBase64String($random)
$secure = ConvertTo-SecureString $Password -AsPlainText -Force
if (Get-LocalUser runner -ErrorAction SilentlyContinue) { Set-LocalUser runner -Password $secure }
else { New-LocalUser runner -Password $secure -AccountNeverExpires -PasswordNeverExpires | Out-Null }
# Users, and Performance Log Users: of all but administrators, they alone may run tasks in the background.
foreach ($group in 'S-1-5-32-545', 'S-1-5-32-559') {
  Add-LocalGroupMember -SID $group -Member runner -ErrorAction SilentlyContinue
}
Set-Access $Runner 'runner:(OI)(CI)M'

foreach ($certificate in [regex]::Matches($CaCertificates, '(?s)-----BEGIN CERTIFICATE-----(.+?)-----END')) {
  $store = New-Object Security.Cryptography.X509Certificates.X509Store('Root', 'LocalMachine')
  $store.Open('ReadWrite')
  $bytes = [Convert]::FromBase64String($certificate.Groups[1].Value)
  $store.Add([Security.Cryptography.X509Certificates.X509Certificate2]::new([byte[]]$bytes))
  $store.Close()
}
if ($CaCertificates) { [IO.File]::WriteAllText("$Public\ca.pem", $CaCertificates, $Utf8) }

# Nothing of the runner is on the machine yet; a command that hangs is killed with all that it started.
for ($number = 1; $number -le $Setup.Count; $number++) {
  Test-Clock
  $path = "$Private\setup.ps1"; $log = "$Private\setup.log"
  $text = '$ErrorActionPreference = "Stop"' + $LF + $Setup[$number - 1] + $LF
  [IO.File]::WriteAllText($path, $text, $Utf8)
  $arguments = "/c powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File $path >$log 2>&1"
  $process = [Diagnostics.Process]::Start('cmd.exe', $arguments)
  $ended = $process.WaitForExit([Math]::Max(1, $LimitAt - (Get-Now)))
  if ($ended) { $result = $process.ExitCode }
  else {
    $result = 'no end'
    taskkill.exe /t /f /pid $process.Id | Out-Null
  }
  $tail = $Utf8.GetString((Read-Tail $log 500)) -replace '[^\x20-\x7e]', '|'
  Write-Log $tail
  if ($result -ne 0) {
    $Output = "command $number ended with $($result): $tail"
    Fail setup-failed
  }
}
Set-Phase setup
`;
