#!/bin/sh
# The parent of one run: claims the attempt, starts the command, waits for it, and writes its exit
# code. It outlives the daemon and enforces the time limit; everything else is the daemon's job.
#
#   sh shim.sh ATTEMPT_DIR GRACE_SECONDS [LOCK...] -- COMMAND...
#
# ATTEMPT_DIR is absolute; its last component is the attempt's id. It contains
#   claim       made by one process only (a second start exits with 99); `boot ID`, `host NAME`,
#               `token TOKEN`
#   alive       FIFO that only this process holds open: proof that it lives
#   pid         `shim PID START`, `boot ID`, `host NAME`, `token TOKEN`, later `child PID START`
#   console.log what the command prints
#   limit       seconds; read again and again, so that it may change
#   signal      what the shell says where a signal ended the command; empty where it exited
#   main        `CODE TOKEN`: the command has ended, and processes that it started live on
#   over-limit  marker: the time limit ended the run
#   oom-kill    marker: the kernel killed a process of the run at its memory limit
#   exit        blank at first, then `CODE TOKEN`; its mtime is the time of the end
#
# TOKEN is NIGHTLAB_TOKEN, which the command does not inherit. It stands in the daemon's ledger, so
# that nothing counts as this run's but what this process wrote.
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
  token=${NIGHTLAB_TOKEN-}
  unset NIGHTLAB_TOKEN
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
  # The lab may be renamed while the run goes on: a working folder goes along, a name does not.
  attempt=$dir from=$PWD
  cd -- "$dir" && dir=.
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
  printf 'boot %s\nhost %s\ntoken %s\n' "$boot" "$host" "$token" >"$dir/claim" || exit 99
  set +C
  # Allocate the exit file now: the disk may be full when the run ends.
  printf '%63s\n' '' >"$dir/exit"

  # Set for the command only: every process that has them belongs to the run, but not this one's
  # helpers.
  id=${attempt##*/}
  mark=NIGHTLAB_ATTEMPT=$attempt
  # grep takes each line for a pattern of its own.
  mark_start=${mark%%"
"*}
  mark=${mark##*"
"}

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

  # Sets `centis` to the hundredths of a second until the limit; fails where there is none.
  until_limit() {
    limit=
    read -r limit <"$dir/limit"
    case $limit in '' | *[!0-9]*) return 1 ;; esac
    clock
    centis=$((limit * 100 - now + began))
  }

  # Sets `child` and `child_start`; fails before the command's first process has recorded itself.
  read_child() {
    child=
    while read -r what child child_start; do
      [ "$what" = child ] && return 0
    done <"$dir/pid"
    return 1
  }

  # Whether the command's first process lives; a later process with the same pid does not count.
  child_lives() {
    start_of "$child"
    [ "$start" = "$child_start" ] && kill -0 "$child"
  }

  # Sets `left` to the pids of the run's living processes: those in its group or session, and those
  # with its folder in their environment. Without /proc, to its group while that has a member. Once
  # the group is found empty, its number may be given to others, and is not looked for again.
  look() {
    left= found=
    [ -n "$group" ] && kill -0 "-$group" || group=
    if [ ! -d /proc/self ]; then
      [ -z "$group" ] || left=-$group
      return 0
    fi
    # A group of zombies can be signalled too, and in a container nobody may ever reap them.
    [ -z "$group" ] ||
      found=$(LC_ALL=C grep -lsE "\\) [^ZX] [0-9]+ ([0-9]+ )?$group " /proc/[0-9]*/stat 9<&-)
    marked=$(LC_ALL=C grep -lawsF "$mark" /proc/[0-9]*/environ 9<&-)
    # Of a path with a line end, the first line has to be there too: the last is not its alone.
    [ -z "$marked" ] || marked=$(LC_ALL=C grep -lasF "$mark_start" $marked 9<&-)
    for one in $found $marked; do
      one=${one#/proc/}
      left="$left ${one%%/*}"
    done
  }

  # Ends what is left of the run.
  end_all() {
    look
    [ -z "$left" ] || kill -TERM $left
    rest=$grace
    while [ -n "$left" ] && [ "$rest" -gt 0 ]; do
      sleep 1 9<&- &
      wait "$!"
      look
      rest=$((rest - 1))
    done
    [ -z "$left" ] || kill -KILL $left
  }

  # Ends the run when its time is up. This must hold neither the FIFO nor the console, and must end
  # its `sleep` when it is told that the command has ended. It uses KILL, since between fork and exec
  # the child is still a copy of this shell, whose trap would swallow a TERM.
  watch_limit() {
    set +u
    before=$!
    trap 'case $! in "$before") ;; *) kill -KILL "$!"; wait "$!" ;; esac; exit 0' TERM
    while until_limit && [ "$centis" -gt 0 ]; do
      # Short naps: the limit may be shortened, and the machine may be suspended.
      nap=$(((centis + 99) / 100))
      [ "$nap" -gt 30 ] && nap=30
      LC_ALL=C sleep "$nap" &
      wait "$!"
      read_child && child_lives || return
    done
    until_limit && read_child && child_lives || return
    # From here on the shim waits for this.
    trap '' TERM
    printf '' >"$dir/over-limit"
    group=$child
    end_all
  }

  # Becomes the command, in a subshell, which records itself as the command's first process. Started
  # in the foreground, it has every signal's default action: a shell without job control has what it
  # starts with `&` ignore SIGINT and SIGQUIT.
  become() {
    exec 2>/dev/null 9<&- 3<&- 4<&- 5<&- 6<&- 7<&- 8<&-
    if [ -r /proc/self/stat ]; then
      read -r child _ </proc/self/stat
    else
      child=$(exec sh -c 'echo "$PPID"')
    fi
    start_of "$child"
    printf 'child %s %s\n' "$child" "$start" >>"$dir/pid"
    NIGHTLAB_RUN_ID=$id NIGHTLAB_ATTEMPT=$attempt
    export NIGHTLAB_RUN_ID NIGHTLAB_ATTEMPT
    exec </dev/null >>"$dir/console.log" 2>&1
    cd -- "$from" || exit 1
    exec "$@"
  }

  start_of "$$"
  printf 'shim %s %s\nboot %s\nhost %s\ntoken %s\n' "$$" "$start" "$boot" "$host" "$token" >"$dir/pid"
  true >>"$dir/console.log"
  clock
  began=$now
  # Close them inside the subshell: with a redirection on a function call, some shells keep copies.
  (
    exec 9<&- 3<&- 4<&- 5<&- 6<&- 7<&- 8<&-
    watch_limit
  ) &
  watchdog=$!
  # Signals do not end this process, only interrupt `wait`. What it starts does not inherit the trap;
  # the watchdog would, until it has its own, and would miss that the command has ended.
  trap 'disturbed=1' HUP INT TERM

  # A shell says on its standard error that a signal ended what it waited for; of a command that
  # exited with 128 + n it says nothing. The code alone does not tell the two apart.
  said=$dir/signal
  printf '' >"$said" || said=/dev/null
  {
    if command -v setsid >/dev/null; then
      (become setsid "$@")
      code=$?
    else
      # Of a group of its own, by job control, which leaves signals as they are.
      set -m 2>/dev/null
      (become "$@") &
      set +m
      disturbed=
      wait "$!"
      code=$?
      while [ -n "$disturbed" ]; do
        disturbed=
        wait "$!"
        again=$?
        # 127: the child had been reaped already, so the first status was its own.
        [ "$again" -ne 127 ] && code=$again
      done
    fi
  } 2>"$said"

  # If the limit ended the run, the watchdog gives all of it its grace time.
  [ -e "$dir/over-limit" ] || kill -TERM "$watchdog"
  wait "$watchdog"

  # What the command started may live on. The daemon ends it when it is idle; the limit is for all.
  group=
  read_child && group=$child
  naps='0.02 0.05 0.1 0.2 0.5'
  while look && [ -n "$left" ]; do
    [ -e "$dir/main" ] || printf '%s\n\n' "$code${token:+ $token}" >"$dir/main"
    if until_limit && [ "$centis" -le 0 ]; then
      printf '' >"$dir/over-limit"
      end_all
      break
    fi
    nap=${naps%% *}
    case $naps in *' '*) naps=${naps#* } ;; *) naps=1 ;; esac
    sleep "$nap" 9<&- || sleep 1 9<&-
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
  printf '%s\n' "$code${token:+ $token}" 1<>"$dir/exit"
  # If the daemon is still our parent, it syncs the code itself, without starting a program. If it
  # is gone, or this is a systemd service, nothing else might sync it before a power cut.
  start_of "$$"
  [ "$parent" = "$PPID" ] && [ -z "${INVOCATION_ID-}" ] || LC_ALL=C sync "$dir/exit" "$dir"
  [ -z "$lockers" ] || kill -KILL $lockers
  exit 0
}
