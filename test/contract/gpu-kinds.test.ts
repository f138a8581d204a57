// AMD's GPUs and slices of NVIDIA's, as `rocm-smi` and `nvidia-smi` tell of them: stand-ins print
// what the real ones print.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test, type TestContext } from "node:test";
import { readAmd } from "../../src/effects/gpu/gpu-amd.ts";
import { askDriver } from "../../src/effects/gpu/gpu-memory.ts";
import { readSliceMemory, readSlices } from "../../src/effects/gpu/gpu-mig.ts";
import { slotName, slotVariables, type Slot } from "../../src/domain/slot.ts";

/** An environment in which these programs are found first, each printing what it is given. */
function programs(t: TestContext, texts: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(tmpdir(), "nightlab it's gpus-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "bin"));
  for (const [name, script] of Object.entries(texts)) {
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return { PATH: [join(folder, "bin"), "/usr/bin", "/bin"].join(delimiter) };
}

const print = (text: string): string => `cat <<'END'\n${text}\nEND`;

const MI250 = {
  card0: {
    "Unique ID": "0x58cb0a8f5a3f2b46",
    "GPU use (%)": "97",
    "VRAM Total Memory (B)": "68702699520",
    "VRAM Total Used Memory (B)": "61234515968",
    "Card Series": "AMD Instinct MI250X",
    "Card Model": "0x7408",
    "Card Vendor": "Advanced Micro Devices, Inc. [AMD/ATI]",
    "Node ID": "4",
    GUID: "11743",
    "GFX Version": "gfx90a",
  },
  card1: {
    "Unique ID": "0xcb0a8f5a3f2b47",
    "GPU use (%)": "0",
    "VRAM Total Memory (B)": "68702699520",
    "VRAM Total Used Memory (B)": "11550720",
    "Card Series": "AMD Instinct MI250X",
  },
  system: { "Driver version": "6.3.6", PID5691: "python3, 1, 61222965248, 0, unknown" },
};

test("AMD's GPUs are read with their ids, memory and use; warnings before them do not matter", () => {
  const text = `WARNING: AMD GPU device(s) is/are in a low-power state.\n${JSON.stringify(MI250)}`;
  assert.deepEqual(readAmd(text), [
    {
      uuid: "GPU-58cb0a8f5a3f2b46",
      index: 0,
      name: "AMD Instinct MI250X",
      driver: "6.3.6",
      memoryUsed: 61234515968,
      memoryTotal: 68702699520,
      busy: 0.97,
    },
    {
      uuid: "GPU-00cb0a8f5a3f2b47",
      index: 1,
      name: "AMD Instinct MI250X",
      driver: "6.3.6",
      memoryUsed: 11550720,
      memoryTotal: 68702699520,
      busy: 0,
    },
  ]);
  const desktop = {
    card0: {
      "Unique ID": "N/A",
      "Card series": "Navi 31",
      "VRAM Total Used Memory (B)": "27856896",
    },
  };
  assert.deepEqual(readAmd(JSON.stringify(desktop)), [
    { uuid: "0", index: 0, name: "Navi 31", driver: "", memoryUsed: 27856896 },
  ]);
  for (const odd of ["", "{", "[]", "null", '{"card0": 3}', "ERROR: GPU[0]"]) {
    assert.deepEqual(readAmd(odd), [], odd);
  }
});

test("AMD's GPUs are the machine's where NVIDIA has none, and stand beside NVIDIA's", async (t) => {
  const amd = print(JSON.stringify(MI250));
  const alone = await askDriver(programs(t, { "rocm-smi": amd }), "no-nvidia-smi-here");
  assert.equal(alone.kind, "seen");
  assert.deepEqual(alone.kind === "seen" && alone.gpus.map(({ uuid, vendor }) => [uuid, vendor]), [
    ["GPU-58cb0a8f5a3f2b46", "amd"],
    ["GPU-00cb0a8f5a3f2b47", "amd"],
  ]);
  const both = programs(t, { "rocm-smi": amd, "nvidia-smi": print("0, GPU-1f2e, NVIDIA T4, 4") });
  const seen = await askDriver(both);
  assert.equal(seen.kind === "seen" && seen.gpus.length, 3);
  const given = { ...both, ROCR_VISIBLE_DEVICES: "GPU-00cb0a8f5a3f2b47" };
  const some = await askDriver(given);
  assert.equal(some.kind === "seen" && some.gpus.length, 2);
});

test("an AMD driver that fails is no machine without GPUs", async (t) => {
  const failing = programs(t, { "rocm-smi": "echo 'ERROR: 8: RSMI_STATUS_NOT_FOUND' >&2; exit 2" });
  const answer = await askDriver(failing, "no-nvidia-smi-here");
  assert.deepEqual(answer, {
    kind: "unreachable",
    noDriver: false,
    why: "rocm-smi does not answer: ERROR: 8: RSMI_STATUS_NOT_FOUND",
  });
  const none = programs(t, {
    "rocm-smi": "echo 'Driver not initialized (amdgpu not found in modules)'",
  });
  const absent = await askDriver(none, "no-nvidia-smi-here");
  assert.equal(absent.kind === "unreachable" && absent.noDriver, true);
});

test("a run on AMD's GPUs is told them by id, and HIP counts among those", () => {
  const gpus = ["GPU-58cb0a8f5a3f2b46", "GPU-00cb0a8f5a3f2b47"].map((uuid, i) => ({
    uuid,
    index: i + 2,
    vendor: "amd" as const,
  }));
  assert.deepEqual(slotVariables({ kind: "gpus", gpus, share: 1 }), {
    ROCR_VISIBLE_DEVICES: "GPU-58cb0a8f5a3f2b46,GPU-00cb0a8f5a3f2b47",
    HIP_VISIBLE_DEVICES: "0,1",
    CUDA_VISIBLE_DEVICES: "0,1",
  });
});

const LIST = `GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
  MIG 1g.5gb      Device  1: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-6d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
GPU 2: Tesla (old) (UUID: GPU-7d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
  MIG 1c.3g.20gb  Device  0: (UUID: MIG-GPU-7d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77/1/0)`;

const device = (index: number, used: number, total: number): string => `
			<mig_device>
				<index>${index}</index>
				<gpu_instance_id>${index + 1}</gpu_instance_id>
				<compute_instance_id>0</compute_instance_id>
				<fb_memory_usage>
					<total>${total} MiB</total>
					<reserved>0 MiB</reserved>
					<used>${used} MiB</used>
					<free>${total - used} MiB</free>
				</fb_memory_usage>
				<bar1_memory_usage>
					<total>32767 MiB</total>
					<used>9999 MiB</used>
				</bar1_memory_usage>
			</mig_device>`;

const XML = `<?xml version="1.0" ?>
<nvidia_smi_log>
	<attached_gpus>3</attached_gpus>
	<gpu id="00000000:07:00.0">
		<mig_devices>${device(0, 4021, 20096)}${device(1, 3, 4864)}
		</mig_devices>
		<fb_memory_usage><total>40960 MiB</total><used>4100 MiB</used></fb_memory_usage>
	</gpu>
	<gpu id="00000000:0F:00.0"><mig_devices>None</mig_devices></gpu>
	<gpu id="00000000:47:00.0"><mig_devices>${device(0, 10, 20096)}</mig_devices></gpu>
</nvidia_smi_log>`;

test("slices are read with their GPU, and their memory from where the driver tells it", () => {
  assert.deepEqual(
    readSlices(LIST).map(({ uuid, index, slice, profile }) => [uuid, index, slice, profile]),
    [
      ["MIG-c7384736-a75d-5afc-978f-d2f1294409fd", 0, 0, "3g.20gb"],
      ["MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f", 0, 1, "1g.5gb"],
      ["MIG-GPU-7d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77/1/0", 2, 0, "1c.3g.20gb"],
    ],
  );
  const memory = readSliceMemory(XML);
  assert.deepEqual(
    [...memory].map(([key, { memoryUsed }]) => [key, memoryUsed / 2 ** 20]),
    [
      ["0:0", 4021],
      ["0:1", 3],
      ["2:0", 10],
    ],
  );
});

test("a GPU that is cut into slices is placed by them, the others whole", async (t) => {
  const rows = [0, 1, 2].map(
    (i) => `${i}, GPU-${i + 5}d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77, NVIDIA A100-SXM4-40GB, 4100`,
  );
  const env = programs(t, {
    "nvidia-smi": `case "$1" in
-L) ${print(LIST)}
;;
-q) ${print(XML)}
;;
*) ${print(rows.join("\n"))}
;;
esac`,
  });
  const seen = await askDriver(env);
  assert.ok(seen.kind === "seen");
  assert.deepEqual(
    seen.gpus.map(({ index, slice, memoryUsed }) => [index, slice, (memoryUsed ?? 0) / 2 ** 20]),
    [
      [0, 0, 4021],
      [0, 1, 3],
      [1, undefined, 4100],
      [2, 0, 10],
    ],
  );
  const place: Slot = { kind: "gpus", gpus: seen.gpus.slice(1, 2), share: 1 };
  assert.equal(slotName(place), "GPU 0 slice 1");
  assert.deepEqual(slotVariables(place), {
    CUDA_VISIBLE_DEVICES: "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f",
  });
});
