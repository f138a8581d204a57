#!/bin/sh
# The parent of one run: claims the attempt, starts the command, waits for it, and writes its exit
# code. It outlives the daemon and enforces the time limit; everything else is the daemon's job.
#
#   sh shim.sh ATTEMPT_DIR GRACE_SECONDS [LOCK...] -- COMMAND...
#
# ATTEMPT_DIR is absolute; its last component is the attempt's id. It contains
#   claim       made by one process only (a second start exits with 99); `boot ID`, `host NAME`
#   alive       FIFO that only this process holds open: proof that it lives
#   pid         `shim PID START`, `boot ID`, `host NAME`, later `child PID START`
#   console.log what the command prints
#   limit       seconds; read again and again, so that it may change
#   over-limit  marker: the time limit ended the run
#   oom-kill    marker: the kernel killed a process of the run at its memory limit
#   exit        blank at first, then `CODE`; its mtime is the time of the end
#
# Descriptors 3 to 8, where they are open, are GPU locks. The command does not inherit them, so that
# a GPU is free when the run is over, whatever the command left behind. A systemd service inherits
# no descriptors: it opens the LOCK files itself and gets each lock when the daemon releases it.
#
# Every program started here costs each run a millisecond: use the shell's builtins where possible.
#
# The braces make the shell read the whole file first: an upgrade may replace it during the run.
{
  set -u
  dir=$1 grace=$2
  shift 2
  exec </dev/null >/dev/null 2>&1
  held=3 lockers=
  while [ "$1" != -- ]; do
    eval "exec $held<\"\$1\""
    LC_ALL=C flock "$held" &
    lockers="$lockers $!"
    held=$((held + 1))
    shift
  done
  shift

  # Open the FIFO before the claim, so that whoever sees a claim can rely on the FIFO.
  [ -p "$dir/alive" ] || LC_ALL=C mkfifo -- "$dir/alive"
  exec 9<>"$dir/alive" || exit 98
  boot= host=
  if [ -r /proc/sys/kernel/random/boot_id ]; then
    read -r boot </proc/sys/kernel/random/boot_id
    read -r host </proc/sys/kernel/hostname
  else
    boot=$(sysctl -n kern.bootsessionuuid)
    host=$(uname -n)
  fi
  # With noclobber (O_EXCL) only one process can create the claim. Its content says on which boot
  # that was, in case the machine goes down before the pid file is written.
  set -C
  printf 'boot %s\nhost %s\n' "$boot" "$host" >"$dir/claim" || exit 99
  set +C
  # Allocate the exit file now: the disk may be full when the run ends.
  printf '%31s\n' '' >"$dir/exit"

  # Set for the command only: the daemon ends every process that has it, but not this one's helpers.
  id=${dir##*/}

  # Sets `start` to the start time of process $1, in the daemon's format, or to nothing; with /proc,
  # also sets `parent` to its parent's pid.
  start_of() {
    start= stat= parent=
    if [ -r "/proc/$1/stat" ]; then
      read -r stat <"/proc/$1/stat" || return 0
      # The command name may contain spaces and parentheses: count fields after the last ")".
      set -- ${stat##*) }
      [ $# -ge 20 ] && start=${20} parent=$2
    elif [ ! -d /proc/self ]; then
      start=$(LC_ALL=C TZ=UTC ps -o lstart= -p "$1" 9<&-)
      start=${start%"${start##*[! ]}"}
    fi
    return 0
  }

  # Sets `now` to hundredths of a second, on a monotonic clock where there is one.
  clock() {
    now=
    [ -r /proc/uptime ] && read -r now _ </proc/uptime
    case $now in
      *.??) now=${now%.*}${now#*.} ;;
      *) now=$(date +%s 9<&-)00 ;;
    esac
  }

  # Whether the command's first process lives; a later process with the same pid does not count.
  child_lives() {
    start_of "$child"
    [ "$start" = "$child_start" ] && kill -0 "$child"
  }

  # Ends the command's group when its time is up. This must hold neither the FIFO nor the console,
  # and must end its `sleep` when it is told that the run has ended. It uses KILL, since between
  # fork and exec the child is still a copy of this shell, whose trap would swallow a TERM.
  watch_limit() {
    trap 'case $! in "$child") ;; *) kill -KILL "$!"; wait "$!" ;; esac; exit 0' TERM
    while child_lives; do
      limit=
      read -r limit <"$dir/limit"
      case $limit in '' | *[!0-9]*) return ;; esac
      clock
      left=$((limit * 100 - now + began))
      [ "$left" -le 0 ] && break
      # Short naps: the limit may be shortened, and the machine may be suspended.
      nap=$(((left + 99) / 100))
      [ "$nap" -gt 30 ] && nap=30
      LC_ALL=C sleep "$nap" &
      wait "$!"
    done
    child_lives || return
    printf '' >"$dir/over-limit"
    kill -TERM "-$child" || kill -TERM "$child"
    while [ "$grace" -gt 0 ]; do
      sleep 1 &
      wait "$!"
      kill -0 "-$child" || return
      grace=$((grace - 1))
    done
    kill -KILL "-$child"
  }

  # Signals do not end this process, only interrupt `wait`. The command does not inherit the trap.
  trap 'disturbed=1' HUP INT TERM
  start_of "$$"
  printf 'shim %s %s\nboot %s\nhost %s\n' "$$" "$start" "$boot" "$host" >"$dir/pid"

  true >>"$dir/console.log"
  if command -v setsid; then
    NIGHTLAB_RUN_ID=$id NIGHTLAB_ATTEMPT=$dir setsid "$@" </dev/null >>"$dir/console.log" 2>&1 9<&- 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- &
  else
    set -m
    NIGHTLAB_RUN_ID=$id NIGHTLAB_ATTEMPT=$dir "$@" </dev/null >>"$dir/console.log" 2>&1 9<&- 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- &
    set +m
  fi
  child=$!
  clock
  began=$now
  start_of "$child"
  child_start=$start
  printf 'child %s %s\n' "$child" "$child_start" >>"$dir/pid"

  # Close them inside the subshell: with a redirection on a function call, some shells keep copies.
  (
    exec 9<&- 3<&- 4<&- 5<&- 6<&- 7<&- 8<&-
    watch_limit
  ) &
  watchdog=$!

  disturbed=
  wait "$child"
  code=$?
  while [ -n "$disturbed" ]; do
    disturbed=
    wait "$child"
    again=$?
    # 127: the child had been reaped already, so the first status was its own.
    [ "$again" -ne 127 ] && code=$again
  done

  # In a service of its own, the cgroup tells whether the kernel killed a process for memory.
  if [ "$code" -ne 0 ] && [ -r /proc/self/cgroup ]; then
    while IFS=: read -r _ kind group; do
      [ -z "$kind" ] || continue
      case $group in */nightlab-*.service) ;; *) continue ;; esac
      [ -r "/sys/fs/cgroup$group/memory.events" ] || continue
      while read -r what count; do
        [ "$what" = oom_kill ] && [ "$count" -gt 0 ] && printf '' >"$dir/oom-kill"
      done <"/sys/fs/cgroup$group/memory.events"
    done </proc/self/cgroup
  fi
  # If the limit ended the run, let the watchdog give the rest of the group its grace time.
  if [ -e "$dir/over-limit" ]; then wait "$watchdog"; else kill -TERM "$watchdog"; fi
  printf '%s\n' "$code" 1<>"$dir/exit"
  # If the daemon is still our parent, it syncs the code itself, without starting a program. If it
  # is gone, or this is a systemd service, nothing else might sync it before a power cut.
  start_of "$$"
  [ "$parent" = "$PPID" ] && [ -z "${INVOCATION_ID-}" ] || LC_ALL=C sync "$dir/exit" "$dir"
  wait "$watchdog"
  [ -z "$lockers" ] || kill -KILL $lockers
  exit 0
}
