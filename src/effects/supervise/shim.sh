#!/bin/sh
# The parent of one run: claims the attempt, starts the command, waits, and writes its exit code.
# It outlives the daemon, holds the time limit alone, and leaves everything else to it.
#
#   sh shim.sh ATTEMPT_DIR GRACE_SECONDS [LOCK...] -- COMMAND...
#
# ATTEMPT_DIR is absolute; its last part is the attempt's id. In it stand
#   claim       made by one process only: a second start leaves with 99; `boot ID`, `host NAME`
#   alive       FIFO held open by this process alone: proof of life
#   pid         `shim PID START`, `boot ID`, `host NAME`, later `child PID START`
#   console.log what the command prints
#   limit       seconds; read again and again, so that it may grow
#   over-limit  marker: the limit ended the run
#   oom-kill    marker: the kernel ended a process of it at its limit on memory
#   exit        blank, then `CODE`; its time is the end's
#
# Descriptors 3 to 8, where they are open, are locks on GPUs: they are this process's alone, so that
# a GPU is free when the run is over, whatever the command left behind. A service of systemd inherits
# nothing: it opens the LOCK files itself, and has them from when the daemon gives them up.
#
# Every program that is started here costs a millisecond of each run: the shell does what it can.
#
# The braces make the shell read all of it first: an upgrade may replace this file meanwhile.
{
  set -u
  umask 022
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

  # The FIFO comes before the claim: whoever sees a claim can trust the FIFO.
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
  # The kernel gives a name that must be new to one process alone. Where the machine goes off before
  # the next line is written, this one tells on which of its boots that was.
  set -C
  printf 'boot %s\nhost %s\n' "$boot" "$host" >"$dir/claim" || exit 99
  set +C
  # Its room is taken now: on a disk that is full by then the code still has its place.
  printf '%31s\n' '' >"$dir/exit"

  # For the command alone: a sweep for what carries it must not end this process's own helpers.
  id=${dir##*/}

  # Sets `start` to the start time of process $1, as the daemon reads it, or to nothing; where the
  # system tells it for free, `parent` to its parent.
  start_of() {
    start= stat= parent=
    if [ -r "/proc/$1/stat" ]; then
      read -r stat <"/proc/$1/stat" || return 0
      # The command name may hold spaces and parentheses: fields count from the last one.
      set -- ${stat##*) }
      [ $# -ge 20 ] && start=${20} parent=$2
    elif [ ! -d /proc/self ]; then
      start=$(LC_ALL=C TZ=UTC ps -o lstart= -p "$1" 9<&-)
      start=${start%"${start##*[! ]}"}
    fi
    return 0
  }

  # Sets `now` to hundredths of a second of a clock that nobody sets.
  clock() {
    now=
    [ -r /proc/uptime ] && read -r now _ </proc/uptime
    case $now in
      *.??) now=${now%.*}${now#*.} ;;
      *) now=$(date +%s 9<&-)00 ;;
    esac
  }

  # Whether the command's first process is there and is not a later owner of its number.
  child_lives() {
    start_of "$child"
    [ "$start" = "$child_start" ] && kill -0 "$child"
  }

  # Ends the command's group when the limit is over. It must hold neither FIFO nor console, and
  # take its sleeping child along when it is told that the run has ended. By KILL: a process that
  # is still a copy of the shell takes a TERM for its own and forgets it.
  watch_limit() {
    trap 'case $! in "$child") ;; *) kill -KILL "$!"; wait "$!" ;; esac; exit 0' TERM
    while child_lives; do
      limit=
      read -r limit <"$dir/limit"
      case $limit in '' | *[!0-9]*) return ;; esac
      clock
      left=$((limit * 100 - now + began))
      [ "$left" -le 0 ] && break
      # Short naps: a limit may be made shorter, and a machine may sleep in between.
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

  # Signals to this process end nothing, but they interrupt `wait`. The command does not inherit it.
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

  # Closed inside: around a function some shells keep a copy of what a redirection replaces.
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
    # 127: it had been waited for already, so the first answer was its own.
    [ "$again" -ne 127 ] && code=$again
  done

  # Of a service of its own: what the kernel did there at the limit on memory.
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
  # Where the limit ended the run, the rest of the group still has its time of grace.
  if [ -e "$dir/over-limit" ]; then wait "$watchdog"; else kill -TERM "$watchdog"; fi
  printf '%s\n' "$code" 1<>"$dir/exit"
  # A daemon that is this one's parent brings it to the disk without a program's start. Where it has
  # gone, or this is a service of systemd, nobody else may do so before the power is cut.
  start_of "$$"
  [ "$parent" = "$PPID" ] && [ -z "${INVOCATION_ID-}" ] || LC_ALL=C sync "$dir/exit" "$dir"
  wait "$watchdog"
  [ -z "$lockers" ] || kill -KILL $lockers
  exit 0
}
