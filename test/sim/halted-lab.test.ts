// A lab of which nothing may start for now: its folder was renamed under the daemon, or its person
// has not said yet whether it was moved or copied.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readLabSettings } from "../../src/settings/lab.ts";
import { LAB, startNight } from "./night.ts";

const MINUTE = 60_000;
const HEAD = "# A night\n\n## 2025-02-02\n\n";
const WHY = "until you say whether this lab was moved or copied";

test("what runs goes on and is told, what waits waits, and starts when the lab may", () => {
  const night = startNight({
    text: HEAD,
    durationMs: () => MINUTE,
    exitCode: () => 0,
    delayMs: () => 10,
    settings: "cpu-slots: 4\n",
  });
  const open = (halted?: string): void => {
    const { value, problems } = readLabSettings("cpu-slots: 4\n", "UTC");
    const more = halted === undefined ? {} : { halted, notices: ["moved or copied?"] };
    night.post({ kind: "lab-opened", lab: LAB, settings: value, problems, ...more });
  };
  night.save(`${HEAD}run: a\n`);
  night.pass(MINUTE / 2);
  open(WHY);
  night.save(`${night.text()}\nrun: b !\n`);
  night.pass(5 * MINUTE);
  const starts = (): readonly string[] => night.starts.map(({ name }) => name);
  assert.deepEqual(starts(), ["a"]);
  assert.match(night.text(), /run: a\n\n> \*\*done\*\*/);
  assert.match(night.text(), new RegExp(`run: b !\\n\\n> \\*\\*waiting\\*\\* .*${WHY}`));
  open();
  night.pass(MINUTE / 2);
  assert.deepEqual(starts(), ["a", "b"]);
});
