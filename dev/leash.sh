#!/bin/sh
# leash.sh DIRECTORY COMMAND…: runs COMMAND until it ends or standard input closes. Whoever started us holds the other end of that
# pipe, so however it ends, kill -9 included, COMMAND ends too: SIGTERM, after 10 s SIGKILL. Only then is DIRECTORY removed: when
# COMMAND ends by itself, its log there is still wanted. COMMAND's process id is written to file descriptor 3.
directory=$1
shift
exec 4<&0 </dev/null
"$@" 3>&- 4<&- &
command=$!
echo "$command" >&3
exec 3>&-

(
  read -r _ <&4
  # Not `: >`: where the directory is gone already, a special builtin would end this shell, and COMMAND would live on.
  touch "$directory/ending"
  kill -TERM "$command"
  tenths=0
  while kill -0 "$command" && [ "$tenths" -lt 100 ]; do
    sleep 0.1
    tenths=$((tenths + 1))
  done
  kill -KILL "$command"
) 2>/dev/null &
watch=$!
exec 4<&-

wait "$command"
status=$?
kill "$watch" 2>/dev/null
if [ -e "$directory/ending" ]; then
  rm -rf "$directory"
  rmdir "$(dirname "$directory")" 2>/dev/null
fi
exit "$status"
