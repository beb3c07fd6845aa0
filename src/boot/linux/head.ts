import { bash } from './bash';

export const head = bash`
#!/bin/bash
# Boot of a Mayfly instance, made from src/boot/linux of mayfly-runners, without its comments. Every way out powers off.
set -Eeuo pipefail
umask 022
LC_ALL=C
`;
