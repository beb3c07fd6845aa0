import { powershell } from './powershell';

export const configureRunner = powershell`
# ---- JIT config
# {"file": "base64", ...} in base64; written here, so that no process gets it in argv or environment. The folder is
# closed to all but the runner's user. The runner expects its key encrypted for the machine, as it would write it itself.
$files = ConvertFrom-Json $Utf8.GetString([Convert]::FromBase64String($JitConfig))
foreach ($name in $files.PSObject.Properties.Name) {
  if ($name -cnotmatch '^\.[a-z_]+$') { continue }
  $bytes = [Convert]::FromBase64String($files.$name)
  if ($name -eq '.credentials_rsaparams') {
    $bytes = [Security.Cryptography.ProtectedData]::Protect($bytes, $null, 'LocalMachine')
  }
  [IO.File]::WriteAllBytes("$Runner\$name", $bytes)
}
foreach ($name in '.runner', '.credentials', '.credentials_rsaparams') {
  if (-not (Test-Path "$Runner\$name")) { Fail boot-error }
}
[IO.File]::WriteAllText("$Runner\.env", $RunnerEnv, $Utf8)
# The runner prints it at the head of each job's log.
$info = ConvertTo-Json @(@{ group = 'Mayfly'; detail = "$InstanceId, $About" }) -Compress
[IO.File]::WriteAllText("$Runner\.setup_info", $info, $Utf8)
Set-Phase configured
`;
