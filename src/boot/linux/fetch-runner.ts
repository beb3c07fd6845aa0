import { bash } from './bash';

export const fetchRunner = bash`
# ---- runner: from S3 to disk, checked, unpacked
readonly RUNNER_DIR="$ROOT/opt/actions-runner" ARCHIVE="$ROOT/var/tmp/mayfly-runner.tar.gz"
readonly S3="\${S3_ENDPOINT:-https://$BUCKET.s3.$REGION.$DOMAIN}"
mkdir -p "$RUNNER_DIR" "$ROOT/var/tmp"

fetch_runner() {
  local try
  for try in 1 2 3; do
    check_clock runner-download
    signed_curl s3 fail "max-time = $(((LIMIT_AT - NOW) / 1000 + 1))" "url = $S3/$RUNNER_KEY" \
      "output = $ARCHIVE" && return
    ((try == 3)) || sleep "$POLL_S"
  done
  return 1
}

fetch_runner || fail runner-download
[[ $(sha256sum <"$ARCHIVE") == "$RUNNER_SHA256 "* ]] || fail runner-corrupt
tar -xzf "$ARCHIVE" -C "$RUNNER_DIR" --no-same-owner
rm "$ARCHIVE"
phase runner
`;
