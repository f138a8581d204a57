// What this machine's person says of a lab: that it may run what is written in it, what becomes of
// the commands that git brings, and whether a folder that looks like a known lab was moved or
// copied. Recorded in the machine's state folder, where nothing in a lab can say it for them.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { shellWord } from "../base/shell-word.ts";
import type { LabPath } from "../base/ids.ts";
import type { LabTrust } from "../domain/lab-settings.ts";
import { stateDir } from "../effects/os/state-dir.ts";
import { answerCopied, answerMoved } from "../effects/state/answer-moved.ts";
import { changeTrust, recognizeLab, recordOf } from "../effects/state/lab-identity.ts";
import { isLocked } from "../effects/state/lab-lock.ts";
import { recordFolder, trustIn } from "../effects/state/lab-records.ts";
import { openLedger } from "../effects/state/ledger.ts";
import { writeRequest } from "../effects/state/requests.ts";
import { askPerson, canAsk } from "./ask-person.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { isInLedger } from "./lab-world.ts";
import { defined } from "../base/defined.ts";

export interface TrustOptions {
  readonly arrivals?: string;
  readonly moved?: boolean;
  readonly copied?: boolean;
}

/** `nightlab trust LAB`. Exit code 0: recorded. 2: it could not be, or makes no sense. */
export async function trustLab(lab: LabPath, options: TrustOptions): Promise<CommandResult> {
  const { arrivals, moved = false, copied = false } = options;
  if (arrivals !== undefined && !isArrivals(arrivals)) return refused(noArrivals(arrivals));
  if (moved && copied) return refused("Say --moved or --copied, not both.");
  if (moved || copied) {
    const why = await answerFor(lab, moved ? "moved" : "copied");
    if (why !== undefined) return refused(why);
  } else if (recognizeLab(stateDir(), lab).kind === "asked") {
    const trust = `nightlab trust ${shellWord(lab)}`;
    return refused(
      `Was ${lab} moved here, or copied? Say \`${trust} --moved\`, which goes on with it, or ` +
        `\`${trust} --copied\`, which makes it a lab of its own.`,
    );
  }
  const record = changeTrust(stateDir(), lab, isInLedger, {
    trusted: true,
    ...defined({ arrivals }),
  });
  if (isLocked(lab) !== undefined) {
    writeRequest(recordFolder(stateDir(), record), { kind: "trust", id: "lab" });
  }
  return { text: trustText(lab, trustIn(record)), exitCode: 0 };
}

/** Records the answer to "moved or copied?"; returns why it could not be. */
async function answerFor(lab: LabPath, said: "moved" | "copied"): Promise<string | undefined> {
  if (recognizeLab(stateDir(), lab).kind !== "asked") {
    return `${lab} was not asked about: it is the folder that this machine knows.`;
  }
  const daemon = isLocked(lab);
  if (daemon !== undefined && said === "copied") {
    const pid = daemon.pid === undefined ? "" : ` (pid ${daemon.pid})`;
    return `End the daemon that watches ${lab}${pid} first: it holds the history of the other lab.`;
  }
  const ledger = openLedger(stateDir());
  try {
    if (said === "moved") await answerMoved(stateDir(), lab, ledger, daemon !== undefined);
    else answerCopied(stateDir(), lab, ledger);
    return undefined;
  } finally {
    ledger.close();
  }
}

/** Notes that a lab was made here; asks what becomes of arrivals, unless that is said. */
export async function noteMade(lab: LabPath, arrivals: LabTrust["arrivals"] | undefined) {
  const known = changeTrust(stateDir(), lab, isInLedger, { trusted: true });
  const said = arrivals ?? known.arrivals ?? (await askArrivals());
  const record =
    said === undefined ? known : changeTrust(stateDir(), lab, isInLedger, { arrivals: said });
  return trustIn(record).arrivals;
}

/** The first `watch` of a lab, at a terminal: asks what nobody has said yet. */
export async function askAtFirstWatch(lab: LabPath): Promise<void> {
  if (!canAsk()) return;
  const found = recordOf(stateDir(), lab, isInLedger);
  if (found.kind === "asked") {
    const question = `${lab} is not the folder that was ${found.record.path}, but has its name or id. Moved or copied?`;
    const said = await askPerson(question, ["later", "moved", "copied"]);
    if (said === "moved" || said === "copied") await answerFor(lab, said);
    return;
  }
  if (!found.record.trusted) {
    const question = `${lab} was not made on this machine. Run what is written in it?`;
    if ((await askPerson(question, ["no", "yes"])) === "yes") {
      changeTrust(stateDir(), lab, isInLedger, { trusted: true });
    }
  }
  if (found.record.arrivals === undefined && hasRemote(lab)) {
    const arrivals = await askArrivals();
    if (arrivals !== undefined) changeTrust(stateDir(), lab, isInLedger, { arrivals });
  }
}

const askArrivals = (): Promise<LabTrust["arrivals"] | undefined> =>
  askPerson("When git brings commands into this lab (a pull): hold them for you, or start them?", [
    "hold",
    "start",
  ]);

/** Whether the repository around a lab has a remote; a linked worktree counts as one that has. */
function hasRemote(lab: string): boolean {
  for (let at = lab; ; at = dirname(at)) {
    const git = join(at, ".git");
    if (existsSync(git)) {
      if (!statSync(git).isDirectory()) return true;
      return (
        existsSync(join(git, "config")) &&
        /^\s*\[remote\b/m.test(readFileSync(join(git, "config"), "utf8"))
      );
    }
    if (dirname(at) === at) return false;
  }
}

export const isArrivals = (word: string): word is LabTrust["arrivals"] =>
  word === "hold" || word === "start";

export const noArrivals = (word: string): string =>
  `--arrivals is \`hold\` or \`start\`, not ${JSON.stringify(word)}.`;

/** What is recorded of a lab, in words. */
function trustText(lab: LabPath, { arrivals }: LabTrust): string {
  return [`${lab} is trusted: what is written in its journals runs.`, arrivalsText(arrivals)].join(
    "\n",
  );
}

/** What becomes of the commands that git brings, in words. */
export const arrivalsText = (arrivals: LabTrust["arrivals"]): string =>
  arrivals === "start"
    ? "Commands that git brings start; `nightlab trust --arrivals hold` has them wait for you."
    : "Commands that git brings wait for you; `nightlab trust --arrivals start` lets them start.";
