import { bash } from './bash';

export interface ImageNeeds {
  /** Docker too, and the job's user may use it. */
  readonly docker: boolean;
  /** PEM: more certificates that all programs trust. */
  readonly caCertificates?: string | undefined;
}

/**
 * Command 0 of the setup: what an image lacks. Amazon Linux comes without libicu, without which the runner does not
 * start, and without git. Where nothing is missing, no package manager runs.
 */
export function packagesCommand({ docker, caCertificates }: ImageNeeds): string {
  return [
    start,
    ...(caCertificates === undefined ? [] : [trust.replace('PEM', caCertificates.trim())]),
    docker ? `${shared}\nhas docker || need+=("$docker")` : shared,
    install,
    ...(docker ? [startDocker] : []),
  ].join('\n');
}

const start = bash`
set -eu
ID=- need=()
[ ! -r etc/os-release ] || . etc/os-release
`;

const trust = bash`
to=usr/local/share/ca-certificates/mayfly.crt by=update-ca-certificates
[ "$ID" != amzn ] || to=etc/pki/ca-trust/source/anchors/mayfly.pem by=update-ca-trust
echo "PEM" | tee opt/mayfly/ca.pem >"$to"
$by
`;

/** An unknown system is left alone: it must have all. */
const shared = bash`
has() { command -v $1 >/dev/null; }
export DEBIAN_FRONTEND=noninteractive
case $ID in
amzn) by=dnf icu=libicu docker=docker; has git || need=(git) ;;
debian | ubuntu) by="apt-get -o DPkg::Lock::Timeout=99" icu="^libicu[0-9]+$" docker=docker.io ;;
*) exit ;;
esac
[[ $(ldconfig -p) = *libicuuc* ]] || need+=("$icu")
`;

const install = bash`
if [ "\${need-}" ]; then
[ $ID = amzn ] || $by update
$by -qy install "\${need[@]}"
fi
`;

const startDocker = bash`
systemctl start docker
usermod -aG docker runner
`;
