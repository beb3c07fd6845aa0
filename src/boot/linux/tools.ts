import { bash } from './bash';

export const tools = bash`
# ---- tools and the runner's user
# Before 8.0, curl leaves x-amz headers unsigned.
if ! [[ $(curl --version || true) =~ ^curl\ ([0-9]+)\. ]] || ((BASH_REMATCH[1] < 8)); then fail curl-too-old; fi
command -v tar >/dev/null || fail curl-too-old
id -u runner >/dev/null 2>&1 || useradd --create-home --shell /bin/bash runner
`;
