import { powershell } from './powershell';

export const fetchRunner = powershell`
# ---- runner
# An image can have it unpacked already, with the sha256 of its package in a file.
$baked = Get-Content "$Runner\.sha256" -TotalCount 1 -ErrorAction SilentlyContinue
if ($baked -ne $RunnerSha256) {
  Remove-Item "$Runner\*" -Recurse -Force
  $package = "$Private\runner.zip"
  for ($try = 1; ; $try++) {
    Test-Clock runner-download
    $ms = [Math]::Min(60000, $LimitAt - (Get-Now) + 1)
    $reply = Send-Signed s3 GET "$S3/$RunnerKey" @{} $NoBytes $ms $package
    if ($reply.Status -eq 200) { break }
    if ($try -eq 3) { Fail runner-download }
    Start-Sleep -Milliseconds $PollMs
  }
  if ((Get-FileHash $package -Algorithm SHA256).Hash -ne $RunnerSha256) { Fail runner-corrupt }
  [IO.Compression.ZipFile]::ExtractToDirectory($package, $Runner)
  Remove-Item $package
}
Set-Phase runner
`;
