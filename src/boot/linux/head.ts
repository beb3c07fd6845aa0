import { bash } from './bash';

export const head = bash`
#!/bin/bash
# Boot script of a Mayfly instance: from power-on, through one job, to power-off. It is user data, the same for every
# instance of a pool: what is an instance's own, it takes out of its mailbox row. It runs as root, top to bottom:
#   watchdogs, trap, tools, metadata, mailbox row, setup commands, letter, runner, JIT config, listener
# Comments and indentation were left out to save space: this text is made from src/boot/linux of mayfly-runners.
set -Eeuo pipefail
umask 077
LC_ALL=C
`;
