// Two stand-in GPUs and the real daemon: runs go side by side, each with a GPU of its own.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { standIn, uuidOf } from "../contract/gpu-stand-in.ts";
import { JOURNAL, openLab, trainScript } from "./lab.ts";

/** Says which GPUs it sees, and goes on until it is told to end. */
const TRAIN = trainScript(`
metric(step=0, **{"val/loss": 0.4})
(run / "data" / "part").write_text(os.environ.get("CUDA_VISIBLE_DEVICES", "unset"))
(run / "data" / "part").rename(run / "data" / "gpus.txt")
while not (Path("end") / name).exists():
    time.sleep(0.05)
`);

test("two runs go at once, on a GPU each; the third waits until one has given its memory back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-two-gpus-"));
  const driver = standIn(folder, [4, 4]);
  const lab = await openLab({ journal: JOURNAL, train: TRAIN, env: driver.env });
  const seen = (name: string): string | undefined => {
    const run = lab.runs().find((one) => one.endsWith(`-${name}`));
    if (run === undefined) return undefined;
    try {
      return readFileSync(join(lab.experiment, "runs", run, "data", "gpus.txt"), "utf8");
    } catch {
      return undefined;
    }
  };
  try {
    await lab.start();
    await lab.save(
      `${JOURNAL}run: a !\n\nrun: b !\n\nrun: c !\n\nrun: d gpus=0 !\n\nrun: e gpus=3 !\n`,
    );
    await lab.until("a and b run", () => seen("a") !== undefined && seen("b") !== undefined);
    assert.deepEqual([seen("a"), seen("b")], [uuidOf(0), uuidOf(1)]);
    assert.equal(await lab.until("d runs on the CPU", () => seen("d") !== undefined), true);
    assert.equal(seen("d"), "");
    await lab.until(
      "the places are in the journal",
      () => /running\*\* .*GPU 0/.test(lab.journal()) && /running\*\* .*GPU 1/.test(lab.journal()),
    );
    assert.equal(seen("c"), undefined);
    driver.say([4, 60_000]);
    await lab.write("end/b", "");
    await lab.until("b is over", () => /done\*\* .*\[b\]/.test(lab.journal()));
    assert.equal(seen("c"), undefined, "its memory is not given back yet");
    await lab.stop("SIGKILL");
    await lab.start();
    driver.say([4, 4]);
    await lab.until("c runs", () => seen("c") !== undefined);
    assert.equal(seen("c"), uuidOf(1));
    for (const name of ["a", "c", "d"]) await lab.write(`end/${name}`, "");
    await lab.until("all are over", () => (lab.journal().match(/done\*\*/g) ?? []).length === 4);
    await lab.until("what cannot go here is held, with the reason", () =>
      /held\*\* .*it asks for 3 GPUs; this machine has 2/.test(lab.journal()),
    );
    const run = lab.runs().find((one) => one.endsWith("-c")) ?? "";
    const record = JSON.parse(
      readFileSync(join(lab.experiment, "runs", run, "run.json"), "utf8"),
    ) as { readonly gpus: unknown };
    const name = "NVIDIA H100 80GB HBM3";
    assert.deepEqual(record.gpus, [{ uuid: uuidOf(1), name, driver: "550.54.15" }]);
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
