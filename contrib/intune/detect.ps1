# The detection script of an Intune remediation. Compliant is exit code 0; anything else is 1, and so is a host that could
# not be judged. The last line is at most 2,000 bytes, of the 2,048 characters that Intune keeps.
# Untested: no PowerShell is to be had where this was written.
$program = Join-Path $env:ProgramFiles 'ephaudit\ephaudit.exe'
$code = -1
$summary = $null
try {
    $summary = & $program --format summary 2>$null
    $code = $LASTEXITCODE
} catch {
    $summary = $null
}
if ($summary) {
    Write-Output $summary
} else {
    Write-Output ('{"status":"unread","error":"' + "ephaudit ended with $code" + '"}')
}
if ($code -eq 0 -and $summary) { exit 0 }
exit 1
