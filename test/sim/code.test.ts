// What a run's code was when it was queued, and its environment ahead, in simulated nights.
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandId, runFolder } from "../../src/base/ids.ts";
import { ENDED } from "../../src/domain/command-state.ts";
import * as fc from "../properties.ts";
import { EXPERIMENT, startNight, type Night, type NightOptions } from "./night.ts";

const MINUTE = 60_000;
const HEAD = "# A night\n\n## 2025-02-02\n\n";

const calm: NightOptions = {
  text: HEAD,
  durationMs: () => 50_000,
  exitCode: () => 0,
  delayMs: () => 10,
};

/** `run: a !` runs, `second` waits behind it. */
function behind(second: string, options: Partial<NightOptions> = {}): Night {
  const night = startNight({ ...calm, ...options });
  night.save(`${HEAD}run: a !\n\n${second}\n`);
  night.pass(20_000);
  assert.equal(night.starts.length, 1);
  return night;
}

test("a script that changed between queue and start is named in the receipt", () => {
  const night = behind("run: b");
  night.machine.scripts.set("train.py", "2");
  night.machine.scripts.set("new.py", "1");
  night.pass(5 * MINUTE);
  assert.match(night.text(), /new\.py \(new\) and train\.py changed since this was queued\n/);
  assert.equal(night.text().split("changed since").length, 2, "the first run's did not");
});

test("nothing is said of code that is the same, or was put back", () => {
  const night = behind("run: b");
  night.machine.scripts.set("train.py", "2");
  night.pass(1_000);
  night.machine.scripts.set("train.py", "1");
  night.pass(5 * MINUTE);
  assert.doesNotMatch(night.text(), /changed since/);
});

test("a hundred commands that are queued together ask once for their code", () => {
  const night = startNight(calm);
  const lines = Array.from({ length: 100 }, (_, i) => `run: r${i + 100}`).join("\n\n");
  night.save(`${HEAD}${lines}\n`);
  night.pass(90_000);
  assert.equal(night.machine.looksAtCode, 1);
});

test("a command that is edited, or let go by a tick, counts from then on", () => {
  const edited = behind("run: b");
  edited.machine.scripts.set("train.py", "2");
  edited.save(edited.text().replace("run: b", "run: b --lr 1"));
  edited.pass(5 * MINUTE);
  assert.doesNotMatch(edited.text(), /changed since/);

  const held = startNight(calm);
  held.save(`${HEAD}run: full timeout=2h\n`);
  held.pass(MINUTE);
  held.machine.scripts.set("train.py", "2");
  held.save(held.text().replace("[ ] start", "[x] start"));
  held.pass(5 * MINUTE);
  assert.equal(held.starts.length, 1);
  assert.doesNotMatch(held.text(), /changed since/);
});

test("with `snapshot` a run has the code as it was queued, and its copy goes at the end", () => {
  const night = behind("run: b snapshot=true");
  night.machine.scripts.set("train.py", "2");
  night.pass(30_000);
  assert.equal(night.machine.snapshots.size, 1);
  night.pass(5 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ script }) => script),
    ["1", "1"],
  );
  assert.match(night.text(), /train\.py changed since this was queued; the run has it as it was/);
  assert.equal(night.machine.snapshots.size, 0);
});

test("the copy of a command that never runs goes too", () => {
  const night = behind("run: b snapshot=true");
  night.save(night.text().replace("run: b snapshot=true\n", "No b after all.\n"));
  night.pass(MINUTE);
  assert.equal(night.machine.snapshots.size, 0);
});

test("a copy that somebody changed starts nothing; a tick copies again", () => {
  const night = behind("run: b snapshot=true");
  for (const id of night.machine.snapshots.keys()) {
    night.machine.snapshots.set(id, { hash: "other", files: {} });
  }
  night.pass(2 * MINUTE);
  assert.equal(night.starts.length, 1);
  assert.match(night.text(), /\*\*held\*\* .*its copy of the code was changed/);
  night.save(night.text().replace("[ ] start", "[x] start"));
  night.pass(3 * MINUTE);
  assert.equal(night.starts.length, 2);
});

test("while a run goes on the environment of the next is built, one at a time", () => {
  const night = behind("run: b\n\nrun: c");
  assert.deepEqual(night.machine.ahead.slice(0, 2), ["b", "c"]);
  const alone = startNight(calm);
  alone.save(`${HEAD}run: a !\n`);
  alone.pass(5 * MINUTE);
  assert.deepEqual(alone.machine.ahead, []);
});

test("environments are built ahead one after another, again after ten seconds, and not in a pause", () => {
  // A build takes 2 s here, and a turn is taken much more often.
  const night = behind("run: b\n\nrun: c", { delayMs: () => 2_000 });
  night.pass(12_000);
  assert.deepEqual(night.machine.ahead, ["b", "c", "b", "c"]);
  night.save(`${night.text()}\nqueue: pause\n`);
  night.pass(5_000);
  const asked = night.machine.ahead.length;
  night.pass(15_000);
  assert.equal(night.machine.ahead.length, asked);
  assert.equal(night.starts.length, 1);
});

test("an environment that cannot be built is told while another run has the machine", () => {
  const night = behind("run: b");
  night.machine.broken.set("b", "No solution found when resolving script dependencies");
  night.pass(20_000);
  assert.match(night.text(), /> - its environment cannot be built so far: No solution found/);
  assert.equal(night.starts.length, 1);
  night.machine.broken.delete("b");
  night.pass(20_000);
  assert.doesNotMatch(night.text(), /cannot be built/, "it was mended");
  night.pass(5 * MINUTE);
  assert.equal(night.starts.length, 2);
});

test("a repeated run stands in no journal, and below the run that it repeats", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a !\n`);
  night.pass(3 * MINUTE);
  const [original] = [...night.world().commands.values()];
  assert.ok(original?.run?.folder !== undefined);
  const id = commandId("rrrr");
  const asked = {
    kind: "repeat-asked",
    id,
    experiment: EXPERIMENT,
    spec: { verb: "run", target: "a-repeat", args: [], go: true },
    source: "run: a !",
    repeats: { id: original.id, folder: original.run.folder, differs: ["on host b, then on a"] },
    code: {
      hash: "old",
      files: {},
      snapshot: { kind: "kept", dir: "/copy/rrrr", left: [], leftCount: 0 },
    },
  } as const;
  night.machine.snapshots.set(id, { hash: "old", files: { "train.py": "0" } });
  night.post(asked);
  night.post(asked);
  night.pass(20_000);
  assert.match(night.text(), /> - being repeated as `rrrr`/);
  night.pass(5 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name, script }) => [name, script]),
    [
      ["a", "1"],
      ["a-repeat", "0"],
    ],
  );
  assert.match(
    night.text(),
    /> - repeated as `rrrr`, 2025-02-02 22:\d\d:\d\d, \d+ s: done \(on host b, then on a\) · \[a-repeat\]\(runs\/2025-a-repeat\)/,
  );
  assert.equal(night.text().split("> **").length, 2, "one receipt");
  assert.equal(night.machine.snapshots.size, 0);
  assert.equal(night.world().commands.get(id)?.run?.start.long, false);
  assert.equal(runFolder("2025-a-repeat"), night.world().commands.get(id)?.run?.folder);
});

test("a repeat whose copy somebody changed is skipped, since there is no box to tick", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a !\n`);
  night.pass(3 * MINUTE);
  const [original] = [...night.world().commands.values()];
  assert.ok(original?.run?.folder !== undefined);
  const snapshot = { kind: "kept", dir: "/copy/rrrr", left: [], leftCount: 0 } as const;
  night.post({
    kind: "repeat-asked",
    id: commandId("rrrr"),
    experiment: EXPERIMENT,
    spec: { verb: "run", target: "a-repeat", args: [], go: true },
    source: "run: a !",
    repeats: { id: original.id, folder: original.run.folder, differs: [] },
    code: { hash: "old", files: {}, snapshot },
  });
  night.pass(MINUTE);
  assert.equal(night.starts.length, 1);
  assert.match(
    night.text(),
    /> - was to be repeated as `rrrr`: its copy of the code was changed\n/,
  );
});

test("wherever the daemon dies, a copied run has its own code and leaves no copy behind", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(5), fc.nat(20_000), fc.nat(30_000)), { maxLength: 8 }),
      fc.array(fc.nat(2_000), { minLength: 1, maxLength: 6 }),
      (crashes, delays) => {
        let turn = 0;
        const night = startNight({
          ...calm,
          delayMs: () => delays[(turn += 1) % delays.length] ?? 0,
        });
        night.save(`${HEAD}run: a snapshot=true !\n\nrun: b snapshot=true\n\nrun: c\n`);
        const noted = new Map<string, string>();
        for (const [i, [effects, downMs, passMs]] of crashes.entries()) {
          night.machine.scripts.set("train.py", String(i + 2));
          night.crashAtEffect(effects, downMs);
          night.pass(passMs);
          for (const { id, code } of night.world().commands.values()) {
            if (code === undefined) continue;
            assert.equal(noted.get(id) ?? code.hash, code.hash, "what was queued stays queued");
            noted.set(id, code.hash);
          }
        }
        night.pass(30 * MINUTE);
        assert.deepEqual(
          night.starts.map(({ name }) => name),
          ["a", "b", "c"],
        );
        for (const { command, name, script } of night.starts) {
          const { code } = night.world().commands.get(commandId(command)) ?? {};
          if (name !== "c") assert.equal(script, code?.files["train.py"]);
        }
        // A copy that was dropped while nobody was there goes at the next start.
        night.crashAtEffect(0, 1_000);
        night.save(`${night.text()}\nrun: last !\n`);
        night.pass(30 * MINUTE);
        assert.equal(night.machine.snapshots.size, 0);
        assert.ok([...night.world().commands.values()].every(({ state }) => ENDED.has(state)));
      },
    ),
    { numRuns: Number(process.env["SIM_RUNS"] ?? 12) },
  );
});
