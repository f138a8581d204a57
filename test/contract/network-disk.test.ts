// Folders on network file systems. The system's own answer about a folder is changed on its way
// (`strace`), so that all else is real; where that cannot be done it is not tried.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));
const LEDGER = new URL("../../src/effects/state/ledger.ts", import.meta.url).href;
const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-network-")));
const [lab, state] = [join(root, "lab"), join(root, "state")];
for (const folder of [lab, state]) mkdirSync(folder);
writeFileSync(join(lab, "nightlab.yaml"), "");
after(() => rmSync(root, { recursive: true, force: true }));

/** What statfs(2) says of mounts. */
const NETWORK = {
  NFS: 0x6969,
  "SMB 1": 0xff534d42,
  "SMB 2 and 3": 0xfe534d42,
  "9p": 0x01021997,
  Ceph: 0x00c36400,
  Lustre: 0x0bd00bd0,
  GPFS: 0x47504653,
  AFS: 0x5346414f,
} as const;

/** `strace` with what makes a folder's file system be another. */
function as(magic: number, folder: string): readonly string[] {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(magic));
  const poke = `inject=statfs:poke_exit=@arg2=${bytes.toString("hex")}`;
  return ["-f", "-qq", "-o", "/dev/null", "-P", folder, "-e", "trace=statfs", "-e", poke];
}

interface Ran {
  readonly code: number;
  readonly text: string;
}

/** Runs Node where a folder is on such a file system. */
const runAs = async (magic: number, folder: string, ...argv: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const env = { ...process.env, NIGHTLAB_STATE_DIR: state };
    const args = [...as(magic, folder), process.execPath, ...argv];
    execFile("strace", args, { env }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, text: out + err }),
    );
  });

function without(t: TestContext): boolean {
  const { status } = spawnSync("strace", [...as(NETWORK.NFS, root), "true"]);
  if (status !== 0) t.skip("no `strace` here that may watch a program");
  return status !== 0;
}

test("all that machines share files by are known", async (t) => {
  if (without(t)) return;
  const script = `const { isOnNetwork } = await import(${JSON.stringify(LEDGER)});
    process.exitCode = isOnNetwork(process.argv[1]) ? 0 : 3;`;
  const ask = async (magic: number): Promise<number> =>
    (await runAs(magic, state, "--input-type=module", "-e", script, state)).code;
  for (const [name, magic] of Object.entries(NETWORK)) assert.equal(await ask(magic), 0, name);
  assert.equal(await ask(0xef53), 3, "ext4");
});

test("the doctor says that a state folder there will not do, and what it means for a lab", async (t) => {
  if (without(t)) return;
  const [stateThere, labThere] = await Promise.all([
    runAs(NETWORK["SMB 2 and 3"], state, LAUNCHER, "doctor", lab),
    runAs(NETWORK.NFS, lab, LAUNCHER, "doctor", lab),
  ]);
  assert.equal(stateThere.code, 1, stateThere.text);
  assert.ok(stateThere.text.includes(`${state} is on a network file system`), stateThere.text);
  assert.match(stateThere.text, /set NIGHTLAB_STATE_DIR to a folder on a local disk/);
  assert.ok(labThere.text.includes(`${lab}, on a network file system`), labThere.text);
  assert.ok(labThere.text.includes(`${state}, on a local disk`), labThere.text);
});

test("the daemon keeps no ledger there, and names the variable that moves it", async (t) => {
  if (without(t)) return;
  const { code, text } = await runAs(NETWORK.NFS, state, LAUNCHER, "watch", lab);
  assert.notEqual(code, 0);
  assert.match(text, /on a network file system, where a ledger is not safe.*NIGHTLAB_STATE_DIR/s);
});
