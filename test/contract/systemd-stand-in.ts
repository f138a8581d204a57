// A stand-in for `systemd-run` that notes what it is asked for and starts it as the real one would.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export interface SystemdStandIn {
  /** An environment in which it is found first. */
  readonly env: NodeJS.ProcessEnv;
  /** What it was asked for since the last `forget`, an argument a line. */
  asked(): string;
  forget(): void;
  /** Becomes another program. */
  become(text: string): void;
  remove(): void;
}

/** Goes to the folder, makes one `$` of two, starts it apart from whoever asks, signals default. */
const starts = (asked: string): string => `#!/bin/sh
printf '%s\\n' "$@" >>"${asked}"
while [ "$1" != -- ]; do
  case $1 in --working-directory=*) cd "\${1#*=}" || exit 1 ;; esac
  shift
done
shift
count=$#
while [ "$count" -gt 0 ]; do
  one=$(printf '%s.' "$1" | sed 's/\\$\\$/$/g')
  shift
  set -- "$@" "\${one%.}"
  count=$((count - 1))
done
exec setsid --fork env --default-signal "$@" </dev/null >/dev/null 2>&1
`;

export function standInForSystemd(): SystemdStandIn {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-services-"));
  const asked = join(folder, "asked");
  const become = (text: string): void => {
    writeFileSync(join(folder, "systemd-run"), text);
    chmodSync(join(folder, "systemd-run"), 0o755);
  };
  const forget = (): void => {
    rmSync(asked, { force: true });
    become(starts(asked));
  };
  forget();
  return {
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` },
    asked: () => readFileSync(asked, "utf8"),
    forget,
    become,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
