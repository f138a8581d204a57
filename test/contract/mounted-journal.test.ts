// Journals in places that are mounted: a file by itself, and a folder of layers.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ALL_WAYS, wayName } from "./journal-place.ts";

const WRITER = fileURLToPath(new URL("./mounted-journal.ts", import.meta.url));
const AS_USER = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
const OWN_MOUNTS = [...AS_USER, "--mount"];

/** Why nothing can be mounted here; undefined where it can. */
function noMounts(): string | undefined {
  const script =
    'mount -t tmpfs tmpfs "$1" && mkdir "$1/l" "$1/u" "$1/w" "$1/m" && mount -t overlay overlay -o "lowerdir=$1/l,upperdir=$1/u,workdir=$1/w" "$1/m"';
  const tried = spawnSync("unshare", [...OWN_MOUNTS, "sh", "-c", script, "sh", "/mnt"], {
    encoding: "utf8",
  });
  if (tried.error !== undefined) return "there is no `unshare`";
  return tried.status === 0 ? undefined : tried.stderr.trim();
}

interface Told {
  readonly oneDisk: boolean;
  readonly result: { readonly kind: string; readonly why?: string };
  readonly isNew: boolean;
  readonly isOld: boolean;
  readonly leftovers: readonly string[];
}

const write = (how: "file" | "layers"): readonly Told[] =>
  JSON.parse(
    execFileSync("unshare", [...OWN_MOUNTS, process.execPath, WRITER, how], { encoding: "utf8" }),
  ) as readonly Told[];

const missing = noMounts();

test("a journal in a folder of layers, as in a container, is written", { skip: missing }, () => {
  for (const [i, told] of write("layers").entries()) {
    const way = wayName(ALL_WAYS[i] ?? assert.fail());
    assert.equal(told.oneDisk, false, "the layers show as two disks");
    assert.deepEqual([told.result.kind, told.isNew, told.leftovers], ["written", true, []], way);
  }
});

test(
  "a journal that is mounted by itself is left alone, with the reason",
  { skip: missing },
  () => {
    for (const [i, told] of write("file").entries()) {
      const way = wayName(ALL_WAYS[i] ?? assert.fail());
      assert.deepEqual([told.result.kind, told.isOld, told.leftovers], ["refused", true, []], way);
      assert.match(told.result.why ?? "", /it is mounted by itself/, way);
    }
  },
);
