// `nightlab pause`, `drain` and `resume`: asks the lab's daemon, and says what comes of it.
// One pause is for all labs of the machine; what it means is scheduler/pause.ts's.
import { isLocked } from "../effects/state/lab-lock.ts";
import { writeRequest } from "../effects/state/requests.ts";
import type { QueueWord } from "../domain/command.ts";
import { atWork } from "../domain/pause-text.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { findLab, noLab, readWorld } from "./lab-world.ts";

/** 0 when a daemon was asked, 1 when none is there: the next one takes it up. */
export function queue(word: QueueWord, from: string): CommandResult {
  const lab = findLab(from);
  if (lab === undefined) return refused(noLab(from));
  writeRequest(lab, { kind: "queue", id: "word", word });
  if (isLocked(lab) === undefined) {
    const text = `No daemon watches this lab; the next \`nightlab watch\` does this first: ${word}.`;
    return { text, exitCode: 1 };
  }
  return { text: saidOf(word, atWork(readWorld(lab))), exitCode: 0 };
}

function saidOf(word: QueueWord, running: number): string {
  if (word === "resume") return "The queue goes on, in all labs of this machine.";
  const until = "Nothing new starts until `nightlab resume`, in no lab of this machine.";
  const [runs, are] = running === 1 ? ["1 run", "is"] : [`${running} runs`, "are"];
  const now = running === 0 ? "Nothing runs in this lab." : `${runs} of this lab ${are} at work.`;
  const then = "`nightlab status` says when nothing runs any more.";
  return [until, now, ...(word === "drain" && running > 0 ? [then] : [])].join(" ");
}
