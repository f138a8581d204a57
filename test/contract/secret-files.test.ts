// What of a work tree stays out of a run's patch, with the real git and secretlint.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { masked } from "../../src/base/secrets.ts";
import { gitFacts, type GitFacts } from "../../src/effects/git/git-facts.ts";
import { named, privateKey, token } from "../made-secrets.ts";
import * as fc from "../properties.ts";
import { makeBench, type Bench } from "./run-harness.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
  git("init", "-q");
  bench.write("train.py", "lr = 1\n");
  git("add", ".");
  git("commit", "-qm", "x");
});
afterEach(() => bench.remove());

function git(...args: readonly string[]): void {
  const quiet = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "core.fsmonitor=false"];
  execFileSync("git", [...quiet, ...args], { cwd: bench.lab });
}

function write(name: string, content: string | Buffer): void {
  const path = join(bench.experiment, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

async function facts(): Promise<GitFacts & { readonly text: string }> {
  const found = await gitFacts(bench.lab, bench.experiment);
  assert.ok(found !== undefined);
  return { ...found, text: Buffer.from(found.patch ?? []).toString("latin1") };
}

const [TOKEN = ""] = fc.sample(token, 1);
const [KEY = ""] = fc.sample(privateKey, 1);
const [[NAME, VALUE]] = fc.sample(named, 1) as [readonly [string, string]];

describe("a run's patch", () => {
  it("leaves out files that hold a secret by their name, and samples of them not", async () => {
    const hidden = [
      ".env",
      ".env.local",
      "prod.env",
      ".netrc",
      "kaggle.json",
      "id_ed25519",
      "a.p12",
    ];
    for (const name of hidden) write(name, "a: 1\n");
    const shown = [".env.example", "id_ed25519.pub", "environment.py", "kaggle_json.py"];
    for (const name of shown) write(name, "a: 1\n");
    const { secret = [], text } = await facts();
    assert.deepEqual(secret.toSorted(), hidden.toSorted());
    for (const name of shown) assert.ok(text.includes(`b/`) && text.includes(name), name);
    for (const name of hidden) assert.ok(!text.includes(`/${name}\n`), name);
  });

  it("leaves out files that hold a secret by their content, in any encoding", async () => {
    write("a.py", `login("${TOKEN}")\n`);
    write("b.yaml", `${NAME}: ${VALUE}\n`);
    write("c.pem", KEY);
    write("d.bin", Buffer.concat([Buffer.from([0, 255, 1]), Buffer.from(TOKEN), Buffer.from([0])]));
    write("e.txt", Buffer.from(`\uFEFF${NAME}=${VALUE}\r\n`, "utf16le"));
    write(`f-${TOKEN}.txt`, "x");
    symlinkSync(`/tmp/${TOKEN}`, join(bench.experiment, "g"));
    // secretlint's rule.
    write("h.sh", `curl -u sk_live_${"kX9w".repeat(6)}: https://a.org\n`);
    write("train.py", "lr = 2\n");
    write("ok.bin", Buffer.from([0, 1, 2]));
    const { secret = [], text, left } = await facts();
    assert.deepEqual(
      secret.toSorted(),
      [
        "a.py",
        "b.yaml",
        "c.pem",
        "d.bin",
        "e.txt",
        masked(`f-${TOKEN}.txt`),
        "g",
        "h.sh",
      ].toSorted(),
    );
    assert.equal(left, undefined);
    assert.match(text, /^\+lr = 2$/m);
    assert.match(text, /ok\.bin/);
  });

  it("leaves out a file of which a secret was taken away: the patch would show it", async () => {
    write("é old.py", `a = 1\nlogin("${TOKEN}")\n`);
    write("z.py", "a\n");
    git("add", ".");
    git("commit", "-qm", "y");
    write("é old.py", "a = 1\nlogin()\n");
    write("z.py", "b\n");
    write("train.py", "lr = 2\n");
    const { secret, text } = await facts();
    assert.deepEqual(secret, ["é old.py"]);
    assert.match(text, /^\+lr = 2$/m);
    assert.match(text, /^\+b$/m);
    assert.ok(!text.includes(TOKEN));
  });

  it("is none where every changed file holds one", async () => {
    write("train.py", `login("${TOKEN}")  # secretlint-disable\n`);
    const { secret, patch, dirty } = await facts();
    assert.deepEqual([secret, patch, dirty], [["train.py"], undefined, true]);
  });
});
