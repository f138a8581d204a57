// `nightlab pause`, `drain` and `resume`: asks the lab's daemon and prints the consequences. A
// pause holds for all labs of the machine; scheduler/pause.ts defines what it means.
import { isLocked } from "../effects/state/lab-lock.ts";
import { writeRequest } from "../effects/state/requests.ts";
import type { QueueWord } from "../domain/command.ts";
import { atWork } from "../domain/pause-text.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { findLab, noLab, readWorld, stateOf } from "./lab-world.ts";

/** Exit code 0: a daemon was asked. 1: none is running; the next one will do it. 2: no lab here. */
export function queue(word: QueueWord, from: string): CommandResult {
  const lab = findLab(from);
  if (lab === undefined) return refused(noLab(from));
  writeRequest(stateOf(lab), { kind: "queue", id: "word", word });
  if (isLocked(lab) === undefined) {
    const text = `No daemon watches this lab; the next \`nightlab watch\` does this first: ${word}.`;
    return { text, exitCode: 1 };
  }
  return { text: answerTo(word, atWork(readWorld(lab))), exitCode: 0 };
}

function answerTo(word: QueueWord, running: number): string {
  if (word === "resume") return "The queue goes on, in all labs of this machine.";
  const until = "Nothing new starts until `nightlab resume`, in no lab of this machine.";
  const [runs, are] = running === 1 ? ["1 run", "is"] : [`${running} runs`, "are"];
  const now = running === 0 ? "Nothing runs in this lab." : `${runs} of this lab ${are} at work.`;
  const then = "`nightlab status` says when nothing runs any more.";
  return [until, now, ...(word === "drain" && running > 0 ? [then] : [])].join(" ");
}
