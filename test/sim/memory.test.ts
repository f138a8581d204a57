// A limit on memory: read from the command and the lab, kept where it can be, asked about elsewhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../src/journal/read/read.ts";
import { readLabSettings } from "../../src/settings/lab.ts";
import { startNight } from "./night.ts";

const HEAD = "# A night\n\n## 2025-02-02\n\n";
const MINUTE = 60_000;
const base = { text: HEAD, durationMs: () => MINUTE, exitCode: () => 0, delayMs: () => 5 };

function problemsOf(line: string): string {
  const [block] = readJournal(line).blocks;
  return JSON.stringify([block?.commands[0]?.problems, block?.problems]);
}

test("`memory` is a size, on a command and for a lab", () => {
  const [block] = readJournal("run: big memory=24GB\n").blocks;
  assert.equal(block?.commands[0]?.spec?.memory, 24e9);
  assert.match(problemsOf("run: big memory=24\n"), /is no size/);
  assert.match(problemsOf("run: big memory=24KB\n"), /too little for any script/);
  assert.equal(readLabSettings("memory: 8GiB\n", "UTC").value.memory, 8 * 2 ** 30);
  assert.match(JSON.stringify(readLabSettings("memory: much\n", "UTC").problems), /is no size/);
});

test("where memory can be held, the run starts with its limit", () => {
  const night = startNight(base);
  night.save(`${HEAD}run: big memory=24GB\n`);
  night.pass(10 * MINUTE);
  assert.equal(night.starts.length, 1);
  const [command] = night.world().commands.values();
  assert.equal(command?.run?.spec.memory, 24e9);
});

test("where it cannot, the run is held with the reason, and a go starts it without", () => {
  const night = startNight({ ...base, noMemoryLimit: "there is no systemd on this machine" });
  night.save(`${HEAD}run: big memory=24GB\n\nrun: small\n`);
  night.pass(10 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["small"],
  );
  assert.match(
    night.text(),
    /\*\*held\*\* `\w+` · `memory` cannot be held here: there is no systemd on this machine; your go starts it without/,
  );
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(10 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["small", "big"],
  );
});

test("a run that was let go before it was told so says that its memory is not held", () => {
  const night = startNight({ ...base, noMemoryLimit: "there is no systemd on this machine" });
  night.save(`${HEAD}run: big memory=24GB !\n`);
  night.pass(10 * MINUTE);
  assert.equal(night.starts.length, 1);
  assert.match(
    night.text(),
    /^> - its `memory` is not held here: there is no systemd on this machine$/m,
  );
});
