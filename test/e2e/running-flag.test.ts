// What a rule says of a real run stands in its receipt while the run goes on.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openLab, trainScript, type TestLab } from "./lab.ts";

let it: TestLab | undefined;
after(() => it?.close());

const TRAIN = trainScript(`import time, os
for step in range(10_000):
    metric(step=step, loss=0.5 if step < 8 else float("nan"))
    time.sleep(0.25)
    if os.path.exists("enough"): break`);

test("a NaN is told in the receipt of the run that goes on, and again at its end", async () => {
  it = await openLab({ journal: "# Flags\n", train: TRAIN });
  const { journal, until, write } = it;
  await it.start();
  await it.save("# Flags\n\nrun: nan !\n");
  const told = /> \*\*running\*\* [^]*\[WEIRD\] loss is NaN at step 8 \(\[[^\]]*\]\([^)]*\)\)/;
  const text = await until("a flag", () => told.test(journal()) && journal(), 60_000);
  assert.equal(text.match(/\[WEIRD\]/g)?.length, 1, text);
  await write("enough", "");
  const end = await until("an end", () => journal().includes("**done**") && journal(), 60_000);
  assert.match(end, /\[WEIRD\] loss is NaN at step 8/);
  assert.equal(end.match(/\[WEIRD\]/g)?.length, 1, end);
});
