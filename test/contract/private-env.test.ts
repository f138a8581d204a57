// The file of private variables: whose it must be, what it may look like, and what is told where it
// cannot be used.
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { privateFile, privateValues } from "../../src/effects/environment/private-env.ts";

let home: string;
let path: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "nightlab-private-"));
  path = privateFile({ XDG_CONFIG_HOME: home });
  mkdirSync(join(home, "nightlab"));
});
afterEach(() => rmSync(home, { recursive: true }));

const write = (text: string, mode = 0o600): void => {
  writeFileSync(path, text);
  chmodSync(path, mode);
};

async function values(...names: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const read = await privateValues(names, { XDG_CONFIG_HOME: home });
  return read.kind === "values" ? read.values : assert.fail(read.message);
}

async function told(...names: readonly string[]): Promise<string> {
  const read = await privateValues(names, { XDG_CONFIG_HOME: home });
  return read.kind === "missing" ? read.message : assert.fail(JSON.stringify(read.values));
}

describe("the private file", () => {
  it("is in the configuration folder of its user", () => {
    assert.equal(privateFile({ XDG_CONFIG_HOME: "/c" }), "/c/nightlab/env");
    assert.equal(privateFile({ HOME: "/h", XDG_CONFIG_HOME: "" }), "/h/.config/nightlab/env");
  });

  it("gives just the variables that are named", async () => {
    write("# mine\nA=1\nexport B='x y'\n\nC=\"p=q#r\"\nD=\n  E = 5 # five\n");
    assert.deepEqual(await values("A", "B", "C"), { A: "1", B: "x y", C: "p=q#r" });
    assert.deepEqual(await values("D", "E"), { D: "", E: "5" });
    assert.deepEqual(await values(), {});
  });

  it("is not needed by a command that names none", async () => {
    rmSync(join(home, "nightlab"), { recursive: true });
    assert.deepEqual(await values(), {});
  });

  it("is told where it or a name is missing, with what to add", async () => {
    assert.equal(
      await told("A", "B"),
      `there is no ${path}: write \`A=…\` and \`B=…\` into it, \`chmod 600\` it, then start this`,
    );
    write("A=1\n");
    assert.equal(await told("A", "B"), `B is not in ${path}: add \`B=…\`, then start this`);
    assert.equal(
      await told("toString"),
      `toString is not in ${path}: add \`toString=…\`, then start this`,
    );
  });

  it("is refused where others may read it or it is not one's own, without a value of it", async () => {
    for (const mode of [0o640, 0o604, 0o660, 0o644]) {
      write("A=1\n", mode);
      assert.equal(
        await told("A"),
        `others may read ${path}: \`chmod 600 ${path}\`, then start this`,
      );
    }
    write("A=1\n");
    if (process.getuid?.() === 0) chownSync(path, 1, 1);
    else {
      rmSync(path);
      symlinkSync("/etc/passwd", path);
    }
    assert.match(await told("A"), /belongs to another user/);
  });

  it("is told where it is no file, or holds something else", async () => {
    mkdirSync(path);
    assert.match(await told("A"), /is no file$/);
    rmSync(path, { recursive: true });
    write("A=1\n".repeat(2 ** 19));
    assert.match(await told("A"), /is larger than 1 MB$/);
  });
});
