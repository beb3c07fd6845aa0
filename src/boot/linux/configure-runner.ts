import { bash } from './bash';

export const configureRunner = bash`
# ---- JIT config
# {"file": "base64", ...} in base64; written here, so that no process gets it in argv or environment.
write_config() {
  local rest
  rest=$(printf %s "$JIT_CONFIG" | base64 -d)
  rest=\${rest//\\u002[Bb]/+} rest=\${rest//\\u003[Dd]/=} rest=\${rest//\\\//\/} # as some JSON writers escape base64
  while [[ $rest =~ \"(\.[a-z_]+)\"[[:space:]]*:[[:space:]]*\"([A-Za-z0-9+/=]*)\" ]]; do
    rest=\${rest#*"\${BASH_REMATCH[0]}"}
    printf %s "\${BASH_REMATCH[2]}" | base64 -d >"$RUNNER/\${BASH_REMATCH[1]}" # 0600: umask
  done
  [[ -s $RUNNER/.runner && -s $RUNNER/.credentials && -s $RUNNER/.credentials_rsaparams ]]
}

write_config
echo "$RUNNER_ENV" >"$RUNNER/.env"
echo "$PATH" >"$RUNNER/.path"
# The runner prints it at the head of each job's log.
echo "[{\"group\":\"Mayfly\",\"detail\":\"$INSTANCE_ID, $TYPE, $IMAGE, $ZONE\"}]" >"$RUNNER/.setup_info"
chown -R runner: "$RUNNER"
phase configured
`;
