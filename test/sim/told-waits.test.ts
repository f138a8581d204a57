// What a command waits for is said as it is, also while all places are taken and no turn comes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Gpus } from "./gpus.ts";
import { startNight, type Night } from "./night.ts";
import { untraced } from "../untraced.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HEAD = "# A night\n\n## 2025-02-02\n\n";

function nightWith(gpus: number): Night {
  return startNight({
    text: HEAD,
    gpus: new Gpus(gpus, { releaseMs: () => 0 }),
    durationMs: () => MINUTE,
    exitCode: () => 0,
    delayMs: () => 10,
  });
}

/** The receipt of a command, without its id. */
const told = (night: Night, name: string): string =>
  new RegExp(`run: ${name}\\b.*\\n\\n> \\*\\*(.*)\\*\\* \`\\w+\`(.*)\\n`)
    .exec(untraced(night.text()))
    ?.slice(1)
    .join("") ?? "nothing";

test("a run that ended is waited for no more, though another has all GPUs", () => {
  const night = nightWith(2);
  night.save(`${HEAD}run: a gpus=2 !\n\nrun: b after=a !\n\nrun: c after="a (any)" !\n`);
  night.pass(10 * SECOND);
  night.save(`${night.text()}\nrun: d gpus=2 priority=9 !\n`);
  night.pass(20 * SECOND);
  assert.match(told(night, "c"), /^waiting · after /);
  night.pass(MINUTE);
  assert.match(told(night, "d"), /^running/);
  assert.deepEqual([told(night, "b"), told(night, "c")], ["queued", "queued"]);
});

test("more GPUs than there are is told at once, not when its turn comes", () => {
  const night = nightWith(2);
  night.save(`${HEAD}run: a gpus=2 !\n\nrun: b gpus=2 !\n`);
  night.pass(10 * SECOND);
  night.save(`${night.text()}\nrun: c gpus=9 !\n`);
  night.pass(15 * SECOND);
  assert.equal(told(night, "c"), "held · it asks for 9 GPUs; this machine has 2");
});

test("a go holds until the start, whatever else is waited for meanwhile", () => {
  let stranger = false;
  const night = startNight({
    text: HEAD,
    gpus: new Gpus(1, { releaseMs: () => 0, stranger: () => stranger }),
    durationMs: () => MINUTE / 2,
    exitCode: (name) => (name === "a" ? 1 : 0),
    delayMs: () => 10,
  });
  night.save(`${HEAD}run: a !\n\nrun: b after=a\n`);
  night.pass(MINUTE);
  assert.match(told(night, "b"), /^held · .*ended as failed/);
  stranger = true;
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(MINUTE);
  assert.match(told(night, "b"), /^waiting · GPU 0 is used by somebody else/);
  stranger = false;
  night.pass(20 * SECOND);
  assert.match(told(night, "b"), /^running · since \S+ · GPU 0 · \[b\]/);
});

test("commands that wait for one another are not left waiting without a word", () => {
  const night = nightWith(1);
  night.save(`${HEAD}run: a after=b !\n\nrun: b after=c !\n\nrun: c after="a (any)" !\n`);
  night.pass(20 * SECOND);
  assert.match(told(night, "c"), /^held · it waits for `\w+`, which waits for it/);
  night.save(night.text().replace('run: c after="a (any)" !', "run: c !"));
  night.pass(5 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["c", "b", "a"],
  );
});

test("a GPU that cannot be locked is given to nobody, and the receipt says what is in the way", () => {
  let inTheWay: string | undefined = "/tmp/nightlab-gpus/GPU-0.lock is no file; have it removed";
  const night = startNight({
    text: HEAD,
    gpus: new Gpus(1, { releaseMs: () => 0 }),
    durationMs: () => MINUTE,
    exitCode: () => 0,
    delayMs: () => 10,
    noLock: () => inTheWay,
  });
  night.save(`${HEAD}run: a !\n`);
  night.pass(2 * MINUTE);
  assert.equal(night.starts.length, 0);
  assert.match(told(night, "a"), /^waiting · no lock on GPU 0: .*GPU-0.lock is no file; have it/);
  inTheWay = undefined;
  night.pass(20 * SECOND);
  assert.equal(night.starts.length, 1);
});
