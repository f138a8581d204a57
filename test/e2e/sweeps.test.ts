// Sweeps and second tries with the real daemon, the real uv and a journal on the disk.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

/** Logs what it was given, fails for one seed, and runs out of GPU memory with a large batch. */
const TRAIN = trainScript(`
args = sys.argv[2:]
given = lambda key, other: args[args.index(key) + 1] if key in args else other
lr, seed, batch = given("--lr", "1e-3"), int(given("--seed", 0)), int(given("--batch-size", 8))
(run / "data" / "args.json").write_text(json.dumps(args))
for step in range(3):
    metric(step=step, **{"val/loss": round(float(lr) * 1000 + seed / 100 + 1 / (1 + step), 4)})
if "wait" in args:
    time.sleep(float(given("wait", 0)))
if name.startswith("boom") and seed == 1:
    raise ValueError("seed one is unlucky")
if batch > 16:
    raise RuntimeError("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.69 GiB")
`);

const open: TestLab[] = [];
after(async () => {
  for (const one of open) await one.close();
});
async function labWith(commands: string): Promise<TestLab> {
  const it = await openLab({ journal: JOURNAL, train: TRAIN });
  open.push(it);
  await it.start();
  await it.save(JOURNAL + commands);
  return it;
}

const fence = (...lines: readonly string[]): string => `\`\`\`yaml\n${lines.join("\n")}\n\`\`\`\n`;
const fileOf = (it: TestLab, run: string, path: string): string =>
  readFileSync(join(it.experiment, "runs", run, path), "utf8");
const namesOf = (it: TestLab): readonly string[] => it.runs().map((run) => run.slice(20));

test("a sweep runs every combination once, and one that fails stops no other", async () => {
  const it = await labWith(
    fence(
      "run: boom",
      "sweep: { lr: [1e-4, 3e-4], seed: [0, 1] }",
      "args: --batch-size 8",
      "go: true",
    ),
  );
  await it.until("the sweep has ended", () => it.journal().includes("> **failed** `"), 60_000);
  assert.deepEqual(namesOf(it), [
    "boom-lr-1e-4-seed-0",
    "boom-lr-1e-4-seed-1",
    "boom-lr-3e-4-seed-0",
    "boom-lr-3e-4-seed-1",
  ]);
  const text = it.journal();
  const id = /\*\*failed\*\* `(\w+)`/.exec(text)?.[1] ?? "";
  assert.match(text, /> \*\*failed\*\* `\w+` · [\d-]+ [\d:]+, [^·]+ · 2 of 4 done, 2 failed\n/);
  assert.match(
    text,
    new RegExp(`> \\| \`${id}\\.3\` \\| 3e-4 \\| 0    \\| done   \\|[^|]+\\| 0\\.6333   \\|`),
  );
  assert.match(
    text,
    new RegExp(
      `\\[WEIRD\\] \`${id}\\.2\` and \`${id}\\.4\`: [^\n]*ValueError: seed one is unlucky`,
    ),
  );
  assert.match(
    text,
    new RegExp(`Best of 2 runs that are done: last val/loss 0\\.4333, \`${id}\\.1\``),
  );
  const third = it.runs().find((run) => run.includes("3e-4-seed-0")) ?? "";
  assert.deepEqual(JSON.parse(fileOf(it, third, "data/args.json")), [
    "--batch-size",
    "8",
    "--lr",
    "3e-4",
    "--seed",
    "0",
  ]);
  const record = JSON.parse(fileOf(it, third, "run.json")) as Readonly<Record<string, unknown>>;
  assert.deepEqual(
    [record["id"], record["attempt"], record["sweep"], record["seed"]],
    [`${id}.3`, `${id}.3-1`, { id, name: "boom" }, "0"],
  );
  assert.match(
    (await it.nightlab("status", id)).stdout,
    new RegExp(`${id}\\.4 +run: boom-lr-3e-4-seed-1`),
  );
  assert.equal((await it.nightlab("wait", `${id}.3`)).code, 0);
  assert.match((await it.nightlab("logs", `${id}.2`)).stdout, /ValueError: seed one is unlucky/);
  assert.match((await it.nightlab("inspect", `${id}.3`)).stdout, /val\/loss/);
  await it.until("the report tells of the sweep", () => {
    const page = join(it.experiment, "REPORT.md");
    return existsSync(page) && readFileSync(page, "utf8").includes("### Sweep over `--lr`");
  });
});

test("a daemon that dies in the middle of a sweep starts nothing of it twice", async () => {
  const it = await labWith(fence("run: part", "seeds: 4", "args: wait 0.7", "go: true"));
  await it.until("the second run is there", () => it.runs().length === 2, 60_000);
  await it.stop("SIGKILL");
  await pause(100);
  await it.start();
  await it.until("the sweep is done", () => it.journal().includes("> **done** `"), 60_000);
  assert.deepEqual(namesOf(it), ["part-seed-0", "part-seed-1", "part-seed-2", "part-seed-3"]);
  assert.match(it.journal(), / · 4 runs\n/);
});

test("one run of a sweep is stopped by its id, then the whole of it", async () => {
  const it = await labWith(fence("run: long", "seeds: 3", "args: wait 60", "go: true"));
  const told = (): string | undefined => /\*\*running\*\* `(\w+)`/.exec(it.journal())?.[1];
  const id = await it.until("it runs", () => it.runs().length === 1 && told(), 60_000);
  assert.equal((await it.nightlab("stop", `${id}.1`)).code, 0);
  await it.until("the second run is there", () => it.runs().length === 2);
  await it.save(`${it.journal()}\nstop: ${id}\n`);
  await it.until("the sweep is stopped", () => it.journal().includes("> **stopped** `"));
  assert.match(it.journal(), / · 2 of 3 stopped, 1 cancelled\n/);
  assert.equal(it.runs().length, 2);
});

test("a run that filled the GPU is tried again with what was written, each try for itself", async () => {
  const it = await labWith(
    fence(
      "run: full",
      "args: --batch-size 64",
      "retry: { on: oom, times: 2, delay: 1s, set: { batch-size: /2 } }",
      "go: true",
    ),
  );
  await it.until("it is done", () => it.journal().includes("> **done** `"), 60_000);
  const args = it
    .runs()
    .map((run) => JSON.parse(fileOf(it, run, "data/args.json")) as readonly string[]);
  assert.deepEqual(
    args.map(([, size]) => size),
    ["64", "32", "16"],
  );
  const records = it
    .runs()
    .map((run) => JSON.parse(fileOf(it, run, "run.json")) as { attempt: string; ending: string });
  assert.deepEqual(
    records.map(({ attempt }) => attempt.slice(4)),
    ["-1", "-2", "-3"],
  );
  assert.deepEqual(
    records.map(({ ending }) => ending),
    ["failed", "failed", "done"],
  );
  assert.match(
    it.journal(),
    /> - [\d:]+ try 1, [^:]+: the GPU ran out of memory \(\[console\.log:\d+\]\(runs\/[^)]+\)\); then `--batch-size 32` instead of `64`\n> - [\d:]+ try 2, [^\n]+ then `--batch-size 16` instead of `32`\n/,
  );
});
