import assert from "node:assert/strict";
import { test } from "node:test";
import { ENDED } from "../../src/domain/command-state.ts";
import * as fc from "../properties.ts";
import { stripReceipts } from "../../src/journal/receipt/render.ts";
import { readJournal } from "../../src/journal/read/read.ts";
import { EXPERIMENT, startNight, type Night, type NightOptions } from "./night.ts";
import { untraced } from "../untraced.ts";

const MINUTE = 60_000;
const HEAD = "# A night\n\n## 2025-02-02\n\n";

const calm: NightOptions = {
  text: HEAD,
  durationMs: () => 20_000,
  exitCode: () => 0,
  delayMs: () => 10,
};

const startsOf = (night: Night): readonly string[] => night.starts.map(({ name }) => name);

/** The person's own lines: receipts out, white space between them folded. */
function ownText(night: Night): string {
  const rendered = night.world().experiments.get(EXPERIMENT)?.rendered ?? new Set<string>();
  return fold(stripReceipts(night.text(), readJournal(night.text()), rendered));
}
const fold = (text: string): string => text.replace(/\n{2,}/g, "\n\n").trim();

test("a plain line starts once it has stood for ten seconds, and no sooner", () => {
  const night = startNight(calm);
  night.pass(MINUTE);
  night.save(`${HEAD}run: de-risk\n`);
  night.pass(9_900);
  assert.deepEqual(startsOf(night), []);
  night.pass(500);
  assert.deepEqual(startsOf(night), ["de-risk"]);
  night.pass(MINUTE);
  assert.match(night.text(), /^run: de-risk\n\n> \*\*done\*\* `/m);
});

test("a receipt that cannot be written for an hour fills no ledger, and comes in the end", () => {
  const night = startNight(calm);
  night.pass(MINUTE);
  night.save(`${HEAD}run: de-risk\n`);
  night.failWrites(360);
  night.pass(59 * MINUTE);
  const planned = (): number => night.world().experiments.get(EXPERIMENT)?.writes ?? 0;
  assert.ok(planned() <= 4, `${planned()} writes were planned for the states of one run`);
  assert.doesNotMatch(night.text(), /done/);
  night.pass(2 * MINUTE);
  assert.match(night.text(), /^run: de-risk\n\n> \*\*done\*\* `/m);
});

test("unsaved changes of an hour in an editor fill no ledger either", () => {
  const night = startNight(calm);
  night.pass(MINUTE);
  night.save(`${HEAD}run: de-risk\n`);
  night.failWrites(3_600, "busy");
  night.pass(59 * MINUTE);
  const planned = (): number => night.world().experiments.get(EXPERIMENT)?.writes ?? 0;
  assert.ok(planned() <= 4, `${planned()} writes were planned for the states of one run`);
  night.pass(2 * MINUTE);
  assert.match(night.text(), /^run: de-risk\n\n> \*\*done\*\* `/m);
});

test("a half-typed name that goes on within ten seconds never runs", () => {
  const night = startNight(calm);
  for (const part of ["r", "run:", "run: de", "run: de-", "run: de-risk"]) {
    night.save(`${HEAD}${part}\n`);
    night.pass(6_000);
  }
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["de-risk"]);
});

test("a line without its end, and a prefix of a known name, wait thirty seconds", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: warm-up\n`);
  night.pass(2 * MINUTE);
  night.save(`${night.text()}\nrun: warm\n`);
  night.pass(29_000);
  assert.deepEqual(startsOf(night), ["warm-up"]);
  night.pass(2_000);
  assert.deepEqual(startsOf(night), ["warm-up", "warm"]);
  night.pass(2 * MINUTE);
  night.save(`${night.text()}\nrun: other`);
  night.pass(29_000);
  assert.equal(night.starts.length, 2);
  night.pass(2_000);
  assert.equal(night.starts.length, 3);
});

test("a written go starts after a second", () => {
  const night = startNight(calm);
  night.pass(1_000);
  night.save(`${HEAD}run: now !\n`);
  night.pass(1_500);
  assert.deepEqual(startsOf(night), ["now"]);
});

test("a line starts three seconds after its author moved on", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: de-risk\n`);
  night.pass(2_000);
  night.save(`${HEAD}run: de-risk\n\n14:45 a thought\n`);
  night.pass(2_000);
  assert.deepEqual(startsOf(night), ["de-risk"]);
});

test("an unticked task waits for its tick, and a tick starts it", () => {
  const night = startNight(calm);
  night.save(`${HEAD}- [ ] run: later\n`);
  night.pass(5 * MINUTE);
  assert.deepEqual(startsOf(night), []);
  night.save(night.text().replace("[ ] run: later", "[x] run: later"));
  night.pass(2_000);
  assert.deepEqual(startsOf(night), ["later"]);
});

test("a long run without a reason is held with its box, and ticking the box is the go", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: full timeout=2h\n`);
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), []);
  assert.match(night.text(), /> \*\*held\*\*/);
  assert.match(night.text(), /> - \[ \] start \(up to 2 h\)/);
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(2 * MINUTE);
  assert.deepEqual(startsOf(night), ["full"]);
  assert.match(night.text(), /> \*\*done\*\*/);
  assert.doesNotMatch(night.text(), /- \[.\] start/);
});

test("a long run with a reason waits for the de-risk before it, and starts when that passed", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: de-risk\n\nrun: full timeout=2h because="it fell"\n`);
  night.pass(15_000);
  assert.deepEqual(startsOf(night), ["de-risk"]);
  night.pass(2 * MINUTE);
  assert.deepEqual(startsOf(night), ["de-risk", "full"]);
});

test("a long run with a reason is held when the de-risk failed", () => {
  const night = startNight({ ...calm, exitCode: (name) => (name === "de-risk" ? 1 : 0) });
  night.save(`${HEAD}run: de-risk\n\nrun: full timeout=2h because="it fell"\n`);
  night.pass(5 * MINUTE);
  assert.deepEqual(startsOf(night), ["de-risk"]);
  assert.match(night.text(), /> \*\*held\*\* .*no de-risking run has passed/);
});

test("what comes after a failed run is held with the reason, after (any) it starts", () => {
  const night = startNight({ ...calm, exitCode: (name) => (name === "a" ? 1 : 0) });
  night.save(`${HEAD}run: a\n\nrun: b after=a\n\nrun: c after="a (any)"\n`);
  night.pass(5 * MINUTE);
  assert.deepEqual(startsOf(night), ["a", "c"]);
  assert.match(night.text(), /> \*\*held\*\* .*ended as failed/);
});

test("a paused queue starts nothing until it is resumed", () => {
  const night = startNight(calm);
  night.save(`${HEAD}queue: pause\n\nrun: a\n`);
  night.pass(2 * MINUTE);
  assert.deepEqual(startsOf(night), []);
  night.save(`${night.text()}\nqueue: resume\n`);
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
});

test("`stop:` ends a run, and one that is queued never starts", () => {
  const night = startNight({ ...calm, durationMs: () => 10 * MINUTE });
  night.save(`${HEAD}run: a\n\nrun: b\n`);
  night.pass(MINUTE);
  night.save(`${night.text()}\nstop: b\n\nstop: a\n`);
  night.pass(20 * MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.match(night.text(), /> \*\*stopped\*\*/);
  assert.match(night.text(), /> \*\*cancelled\*\*/);
});

test("a queued block that is deleted is cancelled, a running one goes on", () => {
  const night = startNight({ ...calm, durationMs: () => 2 * MINUTE });
  night.save(`${HEAD}run: a\n\nrun: b\n`);
  night.pass(30_000);
  night.save(`${HEAD}No b after all.\n`);
  night.pass(5 * MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
  const states = [...night.world().commands.values()].map(({ state }) => state);
  assert.deepEqual(states, ["done", "cancelled"]);
});

test("a command copied without its receipt runs again, one copied with it is held", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a\n`);
  night.pass(2 * MINUTE);
  const receipt = night.text().slice(night.text().indexOf("run: a"));
  night.save(`${night.text()}\n## Again\n\n${receipt}`);
  night.pass(2 * MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.match(night.text(), /> \*\*held\*\* .*copied/);
  night.save(`${night.text()}\n## Once more\n\nrun: a\n`);
  night.pass(2 * MINUTE);
  assert.deepEqual(startsOf(night), ["a", "a"]);
});

test("receipts that a stale save removed come back, and nothing runs again", () => {
  const night = startNight(calm);
  const typed = `${HEAD}run: a\n\nrun: b\n`;
  night.save(typed);
  night.pass(3 * MINUTE);
  const shown = night.text();
  night.save(typed);
  night.pass(MINUTE);
  assert.equal(untraced(night.text()), untraced(shown));
  assert.deepEqual(startsOf(night), ["a", "b"]);
});

test("a command edited after its start runs no second time and says how it ran", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a --lr 0.1\n`);
  night.pass(2 * MINUTE);
  night.save(night.text().replace("--lr 0.1", "--lr 0.2"));
  night.pass(2 * MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.match(night.text(), /ran as: .*--lr 0\.1/);
});

test("a mistake is answered at its place after a while, and the answer goes when it is mended", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a timeuot=2h\n`);
  night.pass(20_000);
  assert.doesNotMatch(night.text(), /problem/);
  night.pass(20_000);
  assert.match(night.text(), /> \*\*problem\*\* .*timeout/);
  assert.deepEqual(startsOf(night), []);
  night.save(night.text().replace(" timeuot=2h", ""));
  night.pass(2 * MINUTE);
  assert.doesNotMatch(night.text(), /problem/);
  assert.deepEqual(startsOf(night), ["a"]);
});

test("conflict markers freeze the file until they are gone", () => {
  const night = startNight(calm);
  const conflicted = `${HEAD}<<<<<<< ours\nrun: a\n=======\nrun: b\n>>>>>>> theirs\n`;
  night.save(conflicted);
  night.pass(5 * MINUTE);
  assert.deepEqual(startsOf(night), []);
  assert.equal(night.text(), conflicted);
  night.save(`${HEAD}run: a\n`);
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
});

test("once all has ended the journal rests: no further write comes by itself", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a\n\nrun: b !\n`);
  night.pass(5 * MINUTE);
  const writes = night.writes();
  night.pass(60 * MINUTE);
  assert.equal(night.writes(), writes);
});

const command = fc.record({
  name: fc.constantFrom("a", "b", "c", "de-risk", "full"),
  rest: fc.constantFrom("", " !", " --lr 0.1", " timeout=90s"),
});
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("type" as const), command }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("note" as const),
      words: fc.constantFrom("a thought", "[HUNCH] warm-up", "> a quote", "- item"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("save" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("crash" as const),
      effects: fc.nat(6),
      downMs: fc.nat(30_000),
    }),
  },
);

test("through crashes between any two effects each command runs at most once, and in the end once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(action, fc.integer({ min: 0, max: 45_000 })), {
        minLength: 1,
        maxLength: 14,
      }),
      fc.array(fc.nat(3_000), { minLength: 1, maxLength: 8 }),
      (actions, delays) => {
        let turn = 0;
        const night = startNight({
          text: HEAD,
          durationMs: (name) => 1_000 * (3 + name.length * 4),
          exitCode: (name) => (name === "b" ? 1 : 0),
          delayMs: () => delays[(turn += 1) % delays.length] ?? 0,
        });
        const typed: string[] = [];
        let own = HEAD;
        for (const [one, waitMs] of actions) {
          if (one.kind === "type" || one.kind === "note") {
            const line =
              one.kind === "note" ? one.words : `run: ${one.command.name}${one.command.rest}`;
            if (one.kind === "type") typed.push(one.command.name);
            own += `\n${line}\n`;
            // A paragraph of its own, so that a quote typed here is not part of a receipt.
            night.save(`${night.text()}\n${one.kind === "note" ? "note\n\n" : ""}${line}\n`);
            if (one.kind === "note") own = own.replace(/\n[^\n]*\n$/, `\nnote\n\n${line}\n`);
          } else if (one.kind === "save") night.save(night.text());
          else night.crashAtEffect(one.effects, one.downMs);
          night.pass(waitMs);
        }
        night.pass(30 * MINUTE);
        assert.deepEqual(
          startsOf(night).toSorted(),
          typed.toSorted(),
          "each typed command ran once",
        );
        assert.ok(night.most() <= 1, "one run at a time");
        const open = [...night.world().commands.values()].filter(({ state }) => !ENDED.has(state));
        assert.deepEqual(open, []);
        assert.equal(ownText(night), fold(own), "the person's lines stand as typed");
        assert.equal(night.text().split("> **").length - 1, typed.length, night.text());
      },
    ),
    { numRuns: Number(process.env["SIM_RUNS"] ?? 150) },
  );
});

test("a report that fails its own audit is a problem below the newest result, until it is mended", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: first !\n\nrun: second !\n\nA last word.\n`);
  night.pass(2 * MINUTE);
  const before = night.text();
  night.reportRenewed("the new one says [4] loss = 0.25, and train.log:2 says loss 0.75");
  night.pass(MINUTE);
  const told = /> \*\*problem\*\* REPORT\.md keeps its old version: the new one says/;
  assert.match(night.text().slice(night.text().indexOf("run: second")), told);
  assert.doesNotMatch(night.text().slice(0, night.text().indexOf("run: second")), told);
  const writes = night.writes();
  night.reportRenewed("the new one says [4] loss = 0.25, and train.log:2 says loss 0.75");
  night.pass(MINUTE);
  assert.equal(night.writes(), writes, "the same trouble is told once");
  night.reportRenewed();
  night.pass(MINUTE);
  assert.equal(untraced(night.text()), untraced(before));
});
