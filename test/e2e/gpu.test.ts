// On a machine with a GPU and PyTorch: what a run on it leaves behind. Counted as skipped elsewhere.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

/** The Python that has PyTorch is the machine's own: it is too large to be fetched for a test. */
const WITHOUT_HEADER = (script: string): string => script.replace(/^(#.*\n)+/, "");

const TRAIN = WITHOUT_HEADER(
  trainScript(`
import torch
device = "cuda" if torch.cuda.is_available() else "cpu"
if name == "huge":
    metric(step=0, **{"val/loss": 1.0})
    torch.empty(1 << 42, dtype=torch.uint8, device=device)
x = torch.randn(512, 512, device=device)
w = torch.zeros(512, 512, device=device, requires_grad=True)
for step in range(20):
    loss = ((x @ w - x) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 2.0 * w.grad
        w.grad = None
    metric(step=step, **{"val/loss": loss.item(), "gpu": int(device == "cuda")})
    time.sleep(0.05)
`),
);

function missing(): string | undefined {
  try {
    execFileSync("nvidia-smi", ["-L"], { stdio: "ignore" });
  } catch {
    return "this machine has no NVIDIA GPU";
  }
  try {
    execFileSync("python3", ["-c", "import torch"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "its python3 has no PyTorch";
  }
}

let it: TestLab | undefined;
after(() => it?.close());

test("a run on a GPU, one without it, and one that asks for too much memory", async (t) => {
  const why = missing();
  if (why !== undefined) {
    t.skip(why);
    return;
  }
  it = await openLab({ journal: JOURNAL, train: TRAIN });
  const lab = it;
  await lab.start();
  const ended = async (name: string, line: string): Promise<string> => {
    await lab.save(`${lab.journal().trimEnd()}\n\n${line}\n`);
    const below = (): string => lab.journal().slice(lab.journal().indexOf(line));
    return lab.until(
      `${name} ended`,
      () => /> \*\*(done|failed|held|lost)\*\*/.test(below()) && below(),
      120_000,
    );
  };
  const onGpu = await ended("onGpu", "run: on-gpu !");
  assert.match(onGpu, /\*\*done\*\*/);
  const folder = String(lab.runs().find((name) => name.endsWith("-on-gpu")));
  const record = JSON.parse(
    readFileSync(join(lab.experiment, "runs", folder, "run.json"), "utf8"),
  ) as { gpus: { uuid: string; name: string; driver: string }[] };
  assert.match(record.gpus[0]?.uuid ?? "", /^GPU-[0-9a-f-]{36}$/);
  assert.ok((record.gpus[0]?.name ?? "") !== "" && (record.gpus[0]?.driver ?? "") !== "");
  const log = (name: string): string =>
    readFileSync(
      join(
        lab.experiment,
        "runs",
        String(lab.runs().find((one) => one.endsWith(`-${name}`))),
        "logs/train.log",
      ),
      "utf8",
    );
  assert.match(log("on-gpu"), /"gpu": 1/);

  await ended("onCpu", '```yaml\nrun: on-cpu\nenv: { CUDA_VISIBLE_DEVICES: "" }\ngo: true\n```');
  assert.match(log("on-cpu"), /"gpu": 0/);

  const huge = await ended("huge", "run: huge !");
  assert.match(huge, /\*\*failed\*\*/);
  assert.match(huge, /GPU out of memory|out of GPU memory/i);
  console.log(lab.journal());
});
