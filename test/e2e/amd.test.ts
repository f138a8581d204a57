// A machine with AMD's GPUs, as its `rocm-smi` tells of them, and the real daemon: a run gets one of
// them by id, and somebody else's is left alone.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { JOURNAL, openLab, trainScript } from "./lab.ts";

const TRAIN = trainScript(`
metric(step=0, **{"val/loss": 0.4})
seen = {key: os.environ.get(key) for key in ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")}
(run / "data" / "seen.json").write_text(json.dumps(seen))
`);

const card = (id: string, used: number) => ({
  "Unique ID": id,
  "GPU use (%)": "0",
  "VRAM Total Memory (B)": "68702699520",
  "VRAM Total Used Memory (B)": String(used),
  "Card Series": "AMD Instinct MI250X",
});

test("a run is given an AMD GPU that nobody uses, by its id", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-amd-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const said = JSON.stringify({
    card0: card("0x58cb0a8f5a3f2b46", 61e9),
    card1: card("0x68cb0a8f5a3f2b47", 11e6),
    system: { "Driver version": "6.3.6" },
  });
  writeFileSync(join(bin, "rocm-smi"), `#!/bin/sh\ncat <<'END'\n${said}\nEND\n`, { mode: 0o755 });
  // A machine may have NVIDIA's driver too: here it has none.
  const noDevices = "#!/bin/sh\necho 'No devices were found'\nexit 6\n";
  writeFileSync(join(bin, "nvidia-smi"), noDevices, { mode: 0o755 });
  const env = {
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    NIGHTLAB_GPU_LOCKS: join(folder, "locks"),
  };
  const lab = await openLab({ journal: JOURNAL, train: TRAIN, env });
  try {
    await lab.start();
    await lab.save(`${JOURNAL}run: one !\n`);
    await lab.until("it ended", () => /done\*\* .*\[one\]/.test(lab.journal()));
    const [run = ""] = lab.runs();
    const inRun = (name: string): unknown =>
      JSON.parse(readFileSync(join(lab.experiment, "runs", run, name), "utf8"));
    assert.deepEqual(inRun("data/seen.json"), {
      ROCR_VISIBLE_DEVICES: "GPU-68cb0a8f5a3f2b47",
      HIP_VISIBLE_DEVICES: "0",
    });
    assert.deepEqual((inRun("run.json") as { readonly gpus: unknown }).gpus, [
      { uuid: "GPU-68cb0a8f5a3f2b47", name: "AMD Instinct MI250X", driver: "6.3.6" },
    ]);
    const { stdout } = await lab.nightlab("status");
    assert.match(stdout, /GPU 0 +0 % .* 56\.8 of 64\.0 GiB +AMD Instinct MI250X/);
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
