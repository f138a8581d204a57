// The launcher as a person starts it, with a Node that is new enough, one that is not, and none.
// The program it launches is a stand-in that says what it was handed.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));
const STAND_IN = `
import { DatabaseSync } from "node:sqlite";
new DatabaseSync(":memory:").close();
const args: readonly string[] = process.argv.slice(2);
// Before it says that it is there: a signal may come right after.
if (args[0] === "wait") {
  setInterval(() => undefined, 1000);
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => { console.log(signal); process.exit(7); });
  }
}
console.log(JSON.stringify({ args, faked: process.versions["faked"] ?? false }));
if (args[0] === "exit") process.exit(Number(args[1]));
if (args[0] === "die") process.kill(process.pid, "SIGKILL");
`;

const root = mkdtempSync(join(tmpdir(), "nightlab launcher'$(touch x) ü "));
after(() => rmSync(root, { recursive: true, force: true }));

/** Makes this process's Node say that it is 20.20.2. */
const oldNode = join(root, "old-node.mjs");
writeFileSync(
  oldNode,
  `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });`,
);
const asOldNode = ["--import", pathToFileURL(oldNode).href];

function checkout(name: string, brings: { readonly node: boolean }): string {
  const folder = join(root, name);
  mkdirSync(join(folder, "bin"), { recursive: true });
  mkdirSync(join(folder, "src"));
  cpSync(LAUNCHER, join(folder, "bin", "nightlab.js"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "src", "main.ts"), STAND_IN);
  if (brings.node) {
    mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true });
    symlinkSync(process.execPath, join(folder, "node_modules", ".bin", "node"));
  }
  return join(folder, "bin", "nightlab.js");
}

const withNode = checkout("with node", { node: true });
const without = checkout("without", { node: false });
const ODD = ["a b", "$(touch x)", "it's", "größe", "", "--option=*"];

describe("the launcher", () => {
  for (const [how, first] of [
    ["with a Node that is new enough", [without]],
    ["with an old Node and the checkout's", [...asOldNode, withNode]],
  ] as const) {
    it(`hands over arguments and exit code ${how}, and no warning`, () => {
      const ran = spawnSync(process.execPath, [...first, ...ODD], { encoding: "utf8" });
      assert.equal(ran.stderr, "");
      assert.deepEqual(JSON.parse(ran.stdout), { args: ODD, faked: false });
      const exited = spawnSync(process.execPath, [...first, "exit", "3"]);
      assert.equal(exited.status, 3);
    });

    it(`passes signals on ${how}`, async () => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) {
        const child = spawn(process.execPath, [...first, "wait"], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        await once(child.stdout, "data");
        const said = once(child.stdout, "data");
        const exited = once(child, "exit");
        child.kill(signal);
        assert.equal(String((await said)[0]).trim(), signal);
        assert.deepEqual(await exited, [7, null]);
      }
    });
  }

  it("says by its exit code that the program was killed", () => {
    const ran = spawnSync(process.execPath, [...asOldNode, withNode, "die"]);
    assert.equal(ran.status, 137);
  });

  it("says what is missing, and how to get it, where no Node serves", () => {
    const ran = spawnSync(process.execPath, [...asOldNode, without], { encoding: "utf8" });
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /this Node is 20\.20\.2, and nightlab needs 22\.22\.0/);
    assert.match(ran.stderr, /node ".*setup\.js"/);
  });

  it("of an installed package refuses an old Node in words", () => {
    const folder = join(root, "installed");
    mkdirSync(join(folder, "bin"), { recursive: true });
    mkdirSync(join(folder, "dist"));
    cpSync(LAUNCHER, join(folder, "bin", "nightlab.js"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "dist", "main.js"), 'console.log("started");');
    const launcher = join(folder, "bin", "nightlab.js");
    const ran = spawnSync(process.execPath, [...asOldNode, launcher], { encoding: "utf8" });
    assert.deepEqual([ran.status, ran.stdout], [1, ""]);
    assert.match(ran.stderr, /this Node is 20\.20\.2, and nightlab needs 22\.22\.0 or newer\.$/m);
    assert.match(ran.stderr, /^Install a newer one \(https:\/\/nodejs\.org\)/m);
    const today = spawnSync(process.execPath, [launcher], { encoding: "utf8" });
    assert.equal(today.stdout, "started\n");
  });

  it("asks for the Node that package.json says", () => {
    const { engines } = JSON.parse(
      readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
    ) as { readonly engines: { readonly node: string } };
    const [, needed = ""] = /NEEDED = \[(.*)\];/.exec(readFileSync(LAUNCHER, "utf8")) ?? [];
    assert.equal(engines.node, `>=${needed.replaceAll(", ", ".")}`);
  });
});
