// What a checkout downloads is what was looked at: each package has its hash in the repository.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

interface Locked {
  readonly link?: true;
  readonly integrity?: string;
  readonly optional?: true;
  readonly hasInstallScript?: true;
}
const { packages } = JSON.parse(read("package-lock.json")) as {
  readonly packages: Readonly<Record<string, Locked>>;
};

test("every npm package of the lock has a hash, each platform's Node too", () => {
  const without = Object.entries(packages)
    .filter(([path, { link }]) => path.startsWith("node_modules/") && link === undefined)
    .filter(([, { integrity = "" }]) => !/^sha512-\S{86}==$/.test(integrity));
  assert.deepEqual(without, []);
  const { optionalDependencies } = JSON.parse(read("bin/node/package.json")) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  for (const [name, version] of Object.entries(optionalDependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
    assert.equal(packages[`node_modules/${name}`]?.optional, true, name);
  }
});

test("no package runs a script when it is installed", () => {
  const { allowScripts } = JSON.parse(read("package.json")) as {
    readonly allowScripts: Readonly<Record<string, boolean>>;
  };
  const scripted = Object.entries(packages)
    .filter(([, { hasInstallScript, optional }]) => hasInstallScript === true && !optional)
    .map(([path]) => path.replace("node_modules/", ""));
  assert.deepEqual(scripted.toSorted(), Object.keys(allowScripts).toSorted());
  assert.ok(Object.values(allowScripts).every((allowed) => !allowed));
});

test("uv has the hashes of its wheels, and setup asks for nothing that has none", () => {
  const lines = read("bin/uv-requirements.txt").split("\n");
  const wanted = lines.filter((line) => line !== "" && !line.startsWith("#"));
  assert.match(wanted[0] ?? "", /^uv==\d+\.\d+\.\d+ \\$/);
  assert.ok(wanted.length > 10);
  for (const line of wanted.slice(1)) assert.match(line, /^ {4}--hash=sha256:[0-9a-f]{64}( \\)?$/);
  const setup = read("bin/setup.js");
  for (const option of ["--require-hashes", "--only-binary=:all:"]) {
    assert.ok(setup.includes(`"${option}"`), option);
  }
});

test("the forge's actions are named by their commits", () => {
  const used = globSync(".github/workflows/*.yml", { cwd: ROOT }).flatMap((path) =>
    [...read(path).matchAll(/\buses: (.*)$/gm)].map(([, action = ""]) => action),
  );
  assert.ok(used.length > 0);
  for (const action of used) assert.match(action, /^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});
