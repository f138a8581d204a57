// `nightlab trust` and `nightlab init`: what a person says of a lab, in the machine's state folder.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { labPath } from "../../src/base/ids.ts";
import type { LabTrust } from "../../src/domain/lab-settings.ts";
import { initLab } from "../../src/cli/init.ts";
import { trust } from "../../src/cli/trust.ts";
import { recognizeLab } from "../../src/effects/state/lab-identity.ts";
import { trustIn } from "../../src/effects/state/lab-records.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab trust '$(touch x) ü ")));
const state = join(root, "state");
process.env["NIGHTLAB_STATE_DIR"] = state;
after(() => rmSync(root, { recursive: true, force: true }));

const known = (lab: string): LabTrust | undefined => {
  const found = recognizeLab(state, labPath(lab));
  return "record" in found ? trustIn(found.record) : undefined;
};

function clone(name: string): string {
  const lab = join(root, name);
  mkdirSync(lab);
  writeFileSync(join(lab, "nightlab.yaml"), "");
  return lab;
}

test("a lab that init makes is trusted, and what git brings is held unless it is said", async () => {
  const quiet = join(root, "quiet");
  const said = await initLab(quiet);
  assert.deepEqual(known(quiet), { trusted: true, arrivals: "hold" });
  assert.match(said.text, /git brings wait for you/);
  const started = join(root, "started");
  await initLab(started, { arrivals: "start" });
  assert.deepEqual(known(started), { trusted: true, arrivals: "start" });
});

test("init in a lab that is one already, such as a clone, trusts nothing", async () => {
  const lab = clone("cloned");
  assert.equal((await initLab(lab)).exitCode, 0);
  assert.equal(known(lab), undefined);
});

test("trust lets a lab run what is written in it, from any folder of it", async () => {
  const lab = clone("theirs");
  mkdirSync(join(lab, "exp"));
  const { exitCode, text } = await trust(join(lab, "exp"), {});
  assert.equal(exitCode, 0);
  assert.match(text, /theirs is trusted/);
  assert.deepEqual(known(lab), { trusted: true, arrivals: "hold" });
  await trust(lab, { arrivals: "start" });
  assert.deepEqual(known(lab), { trusted: true, arrivals: "start" });
  await trust(lab, {});
  assert.deepEqual(known(lab), { trusted: true, arrivals: "start" }, "what was said stays");
});

test("what makes no sense is refused, with what would, and nothing is recorded", async () => {
  const lab = clone("refused");
  for (const [path, options, said] of [
    [lab, { arrivals: "yes" }, /`hold` or `start`, not "yes"/],
    [lab, { moved: true }, /was not asked about/],
    [lab, { moved: true, copied: true }, /not both/],
    [join(root, "nowhere"), {}, /there is no such folder/],
    [root, {}, /No lab here/],
  ] as const) {
    const { exitCode, text } = await trust(path, options);
    assert.equal(exitCode, 2);
    assert.match(text, said);
  }
  assert.equal(known(lab), undefined);
  assert.equal((await initLab(join(root, "bad"), { arrivals: "yes" })).exitCode, 2);
});
