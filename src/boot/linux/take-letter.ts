import { bash } from './bash';

export const takeLetter = bash`
# ---- letter: runner key, its sha256 and the JIT config, taken out of the mailbox row
readonly TAKE='"UpdateExpression":"SET jit = :used, takenAt = :t","ReturnValues":"UPDATED_OLD",
  "ConditionExpression":"attribute_exists(jit) AND jit <> :used"'
readonly CHECK='"UpdateExpression":"SET takenAt = :t","ReturnValues":"NONE","ConditionExpression":"jit = :used"'

update_letter() { # update_letter TAKE|CHECK: sets REPLY
  now
  local values="\"ExpressionAttributeValues\":{\":used\":{\"S\":\"used\"},\":t\":{\"S\":\"$NOW\"}}"
  REPLY=$(update_item 5 "\${1//$'\n'/},$values") || true
}

LOST=''
while update_letter "$TAKE"; [[ $REPLY != *$'\n'200 ]]; do
  case $REPLY in
    *ConditionalCheckFailed*) # not there yet, unless it was taken by a call of ours whose reply was lost
      if [[ $LOST ]]; then
        update_letter "$CHECK"
        [[ $REPLY != *$'\n'200 ]] || fail mail-lost
        [[ $REPLY != *ConditionalCheckFailed* ]] || LOST=''
      fi ;;
    *$'\n'[05]??) LOST=yes ;; # no reply, or an error of the server: it may have been taken all the same
    *) echo "mayfly: the mailbox answers $REPLY" ;;
  esac
  ((NOW < GIVE_UP)) || fail mail-missing
  sleep "$POLL_S"
done
[[ $REPLY =~ \"jit\":\{\"S\":\"([A-Za-z0-9._/-]+)\ ([0-9a-f]{64})\ ([A-Za-z0-9+/=]+)\" ]]
readonly RUNNER_KEY=\${BASH_REMATCH[1]} RUNNER_SHA256=\${BASH_REMATCH[2]} JIT_CONFIG=\${BASH_REMATCH[3]}
phase letter
`;
