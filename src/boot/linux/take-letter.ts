import { bash } from './bash';

export const takeLetter = bash`
# ---- letter
readonly TAKE="'UpdateExpression':'SET jit = :used, takenAt = :t','ReturnValues':'UPDATED_OLD',
  'ConditionExpression':'attribute_exists(jit) AND jit <> :used'"
readonly IS_TAKEN="'UpdateExpression':'SET takenAt = :t','ReturnValues':'NONE','ConditionExpression':'jit = :used'"

update_letter() { # update_letter TAKE|IS_TAKEN: sets REPLY
  now
  REPLY=$(update_item 5 "$1,'ExpressionAttributeValues':{':used':{'S':'used'},':t':{'S':'$NOW'}}") || true
}

LOST=''
while update_letter "$TAKE"; [[ $REPLY != *$'\n'200 ]]; do
  case $REPLY in
    *ConditionalCheckFailed*) # not there yet, unless it was taken by a call of ours whose reply was lost
      if [[ $LOST ]]; then
        update_letter "$IS_TAKEN"
        [[ $REPLY != *$'\n'200 ]] || fail mail-lost
        [[ $REPLY != *ConditionalCheckFailed* ]] || LOST=''
      fi ;;
    *$'\n'[05]??) LOST=yes ;; # no reply, or an error of the server: it may have been taken all the same
    *) echo "mayfly: the mailbox answers $REPLY" ;;
  esac
  check_clock mail-missing
  sleep "$POLL_S"
done
[[ $REPLY =~ \"jit\":\ *\{\"S\":\ *\"([A-Za-z0-9._/-]+)\ ([0-9a-f]{64})\ ([A-Za-z0-9+/=]+)\" ]]
readonly RUNNER_KEY=\${BASH_REMATCH[1]} RUNNER_SHA256=\${BASH_REMATCH[2]} JIT_CONFIG=\${BASH_REMATCH[3]}
phase letter
`;
