import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { renewPlots, PLOTS_PER_RUN } from "../../src/effects/render/run-plots.ts";
import type { PlotsResult } from "../../src/effects/render/run-plots.ts";
import type { Renderer } from "../../src/effects/render/render.ts";
import type { Series } from "../../src/domain/sample.ts";
import { madeSeries } from "../unit/judge/made-series.ts";

const root = await mkdtemp(join(tmpdir(), "nightlab plots 'é' $(x) "));
after(() => rm(root, { recursive: true, force: true }));

/** Stands for the real renderer, whose own tests are in render.test.ts: bytes from the spec. */
class CountingRenderer implements Renderer {
  drawn = 0;
  before: () => Promise<void> = () => Promise.resolve();

  readonly render = async (spec: object): Promise<{ readonly webp: Uint8Array }> => {
    await this.before();
    this.drawn += 1;
    if (JSON.stringify(spec).includes("bad/metric")) throw new Error("the spec is refused");
    return { webp: createHash("sha256").update(JSON.stringify(spec)).digest() };
  };
  readonly turn = (): Promise<() => void> => Promise.resolve(() => undefined);
  readonly close = (): Promise<void> => Promise.resolve();
}

interface Lab {
  readonly runDir: string;
  readonly renderer: CountingRenderer;
  readonly renew: (series: readonly Series[], promised?: readonly string[]) => Promise<PlotsResult>;
  readonly read: (name: string) => Promise<string>;
  readonly write: (name: string, text: string) => Promise<void>;
  readonly names: () => Promise<readonly string[]>;
}

let made = 0;
async function lab(): Promise<Lab> {
  made += 1;
  const runDir = join(root, `run ${made}`);
  await mkdir(runDir);
  return labIn(runDir);
}

function labIn(runDir: string): Lab {
  const renderer = new CountingRenderer();
  const path = (name: string): string => join(runDir, "plots", name);
  return {
    runDir,
    renderer,
    renew: (series, promised = []) =>
      renewPlots({
        runDir,
        runTitle: "de-risk",
        reading: {
          series,
          tracebacks: [],
          deathMarkers: [],
          lastLines: [],
          unread: { count: 0 },
          files: [],
        },
        findings: [],
        promised,
        renderer,
      }),
    read: (name) => readFile(path(name), "latin1"),
    write: async (name, text) => {
      await mkdir(join(runDir, "plots"), { recursive: true });
      await writeFile(path(name), text, "latin1");
    },
    names: async () => (await readdir(join(runDir, "plots"))).toSorted(),
  };
}

const loss = (...values: readonly number[]): Series => madeSeries("loss", values);
const files = ({ plots }: PlotsResult): readonly string[] => plots.map(({ file }) => file);

test("each metric gets an image and its spec, and nothing else is left in the folder", async () => {
  const { renew, names } = await lab();
  const result = await renew([
    loss(3, 2),
    madeSeries("val/loss", [1]),
    madeSeries("val-loss", [2]),
  ]);
  assert.deepEqual(result.failures, []);
  assert.equal(files(result)[0], "plots/loss.webp");
  assert.equal(files(result)[1], "plots/val-loss.webp");
  assert.match(files(result)[2] ?? "", /^plots\/val-loss-[0-9a-f]{8}\.webp$/);
  const expected = files(result).flatMap((file) => [
    file.slice(6),
    file.slice(6).replace(".webp", ".vl.json"),
  ]);
  assert.deepEqual(await names(), expected.toSorted());
});

test("what has not changed is neither drawn nor written again; what has is replaced", async () => {
  const { renew, renderer, read } = await lab();
  await renew([loss(3, 2), madeSeries("acc", [1])]);
  const [before, acc] = [await read("loss.webp"), await read("acc.webp")];
  await renew([loss(3, 2), madeSeries("acc", [1])]);
  assert.equal(renderer.drawn, 2);
  const result = await renew([loss(3, 2, 1), madeSeries("acc", [1])]);
  assert.equal(renderer.drawn, 3);
  assert.deepEqual(files(result), ["plots/loss.webp", "plots/acc.webp"]);
  assert.notEqual(await read("loss.webp"), before);
  assert.equal(await read("acc.webp"), acc);
});

for (const own of ["loss.webp", "loss.vl.json", "loss-nightlab.webp"]) {
  test(`a person's own ${own} is never touched; the plot takes another name and keeps it`, async () => {
    const { renew, read, write } = await lab();
    await write("loss.webp", "theirs");
    await write(own, "theirs");
    const first = await renew([loss(3, 2)]);
    const second = await renew([loss(3, 2, 1)]);
    assert.deepEqual(files(second), files(first));
    assert.match(files(first)[0] ?? "", /^plots\/loss-nightlab(-2)?\.webp$/);
    assert.deepEqual([await read(own), await read("loss.webp")], ["theirs", "theirs"]);
    assert.deepEqual(second.failures, []);
  });
}

test("an image that a person put in place of ours, and a spec that they restyled, stay", async () => {
  const { renew, read, write } = await lab();
  await renew([loss(3, 2), madeSeries("acc", [1])]);
  await write("loss.webp", "painted over");
  const restyled = (await read("acc.vl.json")).replace("#0072B2", "#FF00FF");
  await write("acc.vl.json", restyled);
  const result = await renew([loss(3, 2, 1), madeSeries("acc", [1, 2])]);
  assert.deepEqual(files(result), ["plots/loss-nightlab.webp", "plots/acc-nightlab.webp"]);
  assert.equal(await read("loss.webp"), "painted over");
  assert.equal(await read("acc.vl.json"), restyled);
});

test("a file that a person saves while the plot is being drawn is not replaced", async () => {
  const { renew, renderer, read, write } = await lab();
  renderer.before = () => write("loss.webp", "just saved");
  assert.deepEqual(files(await renew([loss(3, 2)])), ["plots/loss-nightlab.webp"]);
  assert.equal(await read("loss.webp"), "just saved");
});

test("a link is not followed and not replaced", async () => {
  const { renew, runDir } = await lab();
  await mkdir(join(runDir, "plots"));
  await writeFile(join(runDir, "secret"), "theirs");
  await symlink("../secret", join(runDir, "plots", "loss.webp"));
  assert.deepEqual(files(await renew([loss(3, 2)])), ["plots/loss-nightlab.webp"]);
  assert.equal(await readFile(join(runDir, "secret"), "utf8"), "theirs");
});

function imagesOf(spec: string): readonly string[] {
  const { usermeta } = JSON.parse(spec) as { usermeta: { nightlab: { images: string[] } } };
  return usermeta.nightlab.images;
}

test("after a crash between the two writes the pair is still known as ours", async () => {
  const { renew, read, write, names, runDir } = await lab();
  await renew([loss(3, 2)]);
  const older = await read("loss.webp");
  const olderHash = imagesOf(await read("loss.vl.json"))[0] ?? "";
  await renew([loss(3, 2, 1)]);
  const newer = await read("loss.webp");
  const spec = await read("loss.vl.json");
  const [hash = "", ...others] = imagesOf(spec);
  assert.deepEqual(others, [], "once both are written, the spec vouches for its own image only");
  // Between the two writes the spec vouches for both.
  await write("loss.vl.json", spec.replace(`"${hash}"`, `"${hash}", "${olderHash}"`));
  await write("loss.webp", older);
  assert.deepEqual(files(await renew([loss(3, 2, 1)])), ["plots/loss.webp"]);
  assert.equal(await read("loss.webp"), newer);
  await rm(join(runDir, "plots", "loss.webp"));
  assert.deepEqual(files(await renew([loss(3, 2, 1, 0)])), ["plots/loss.webp"]);
  assert.deepEqual(await names(), ["loss.vl.json", "loss.webp"]);
});

test("in a clone, even with other line ends, the plots are still ours and up to date", async () => {
  const { renew, runDir } = await lab();
  await renew([loss(3, 2)]);
  const copy = labIn(`${runDir} clone`);
  await cp(runDir, copy.runDir, { recursive: true });
  await copy.write("loss.vl.json", (await copy.read("loss.vl.json")).replaceAll("\n", "\r\n"));
  assert.deepEqual(files(await copy.renew([loss(3, 2)])), ["plots/loss.webp"]);
  assert.equal(copy.renderer.drawn, 0);
  assert.deepEqual(files(await copy.renew([loss(3, 2, 1)])), ["plots/loss.webp"]);
});

test("a metric that cannot be drawn is a failure of its own, and its older plot stays", async () => {
  const { renew, renderer } = await lab();
  const result = await renew([madeSeries("bad/metric", [1]), loss(1)]);
  assert.deepEqual(files(result), ["plots/loss.webp"]);
  assert.match(result.failures.join(), /No new plot of bad\/metric in .*: the spec is refused/);
  renderer.before = () => Promise.reject(new Error("no memory"));
  const later = await renew([loss(1, 2)]);
  assert.deepEqual([files(later), later.failures.length], [["plots/loss.webp"], 1]);
});

test("a folder that cannot be had is said with its cause, once", async () => {
  const { renew, runDir } = await lab();
  await writeFile(join(runDir, "plots"), "a file");
  const blocked = await renew([loss(1), madeSeries("acc", [1])]);
  assert.deepEqual(blocked.plots, []);
  assert.equal(blocked.failures.length, 1);
  assert.match(blocked.failures.join(), /Cannot write plots to .*a file stands where/);
  await rm(runDir, { recursive: true });
  assert.match((await renew([loss(1)])).failures.join(), /the run folder is gone/);
  await assert.rejects(readdir(runDir));
});

test("of very many metrics the promised ones are drawn, then the first of the log", async () => {
  const { renew } = await lab();
  const many = Array.from({ length: PLOTS_PER_RUN + 20 }, (_, i) => madeSeries(`m${i}`, [i]));
  const result = await renew([...many, madeSeries("val/loss", [1])], ["val_loss"]);
  assert.equal(result.plots.length, PLOTS_PER_RUN);
  assert.equal(result.plots[0]?.metric, "val/loss");
  assert.equal(result.plots.at(-1)?.metric, `m${PLOTS_PER_RUN - 2}`);
});
