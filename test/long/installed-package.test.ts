// The package as a stranger gets it: packed, installed from nothing on the oldest Node that it
// promises and on a newer one, on a machine without a compiler, and then used.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { realUv } from "../contract/run-harness.ts";

const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));
const COMPILERS =
  /^(.*-)?(cc|c\+\+|gcc|g\+\+|cpp|clang|clang\+\+|ld|as|make|gmake|cmake|ninja|meson|node-gyp)(-[\d.]+)?$/;
const { version } = JSON.parse(readFileSync(join(CHECKOUT, "package.json"), "utf8")) as {
  readonly version: string;
};
const npm = realpathSync(execFileSync("which", ["npm"], { encoding: "utf8" }).trim());
const cache = `--cache=${join(CHECKOUT, ".tools/npm-cache")}`;
const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-installed-")));
after(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
const tarball = join(root, `nightlab-${version}.tgz`);

/** A copy of what is in git, so that the build leaves nothing in the checkout. */
before(() => {
  const copy = join(root, "checkout");
  const listed = execFileSync("git", ["ls-files", "-z"], { cwd: CHECKOUT, encoding: "utf8" });
  for (const path of listed.split("\0").filter((one) => /^(?!test\/|bench\/)./.test(one))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(CHECKOUT, path), join(copy, path));
  }
  symlinkSync(join(CHECKOUT, "node_modules"), join(copy, "node_modules"));
  const pack = ["pack", "--silent", cache, `--pack-destination=${root}`];
  const name = execFileSync("npm", pack, { cwd: copy, encoding: "utf8" });
  // README.md takes this line for the name of a file.
  assert.equal(name, `nightlab-${version}.tgz\n`);
});

/** A folder for PATH with the machine's programs, but no compiler, npm, uv or Node except `node`. */
function pathWith(node: string, folder: string): string {
  mkdirSync(folder);
  symlinkSync(node, join(folder, "node"));
  for (const from of ["/usr/bin", "/bin"]) {
    for (const name of readdirSync(from)) {
      const left = COMPILERS.test(name) || /^(node|nodejs|np[mx]|uv|uvx)$/.test(name);
      if (!left && !existsSync(join(folder, name)))
        symlinkSync(join(from, name), join(folder, name));
    }
  }
  return folder;
}

for (const node of ["22.22.0", "24.21.0"]) {
  describe(`on Node ${node}`, () => {
    const own = join(root, node);
    const home = join(own, "home");
    const prefix = join(own, "prefix");
    const installed = join(prefix, "lib/node_modules/nightlab");
    const nightlab = join(prefix, "bin/nightlab");
    let env: NodeJS.ProcessEnv = {};
    const run = (program: string, args: readonly string[], cwd = own): string => {
      const ran = spawnSync(program, args, { cwd, env, encoding: "utf8", timeout: 600_000 });
      const said = `${ran.stdout}\n${ran.stderr}`;
      assert.equal(ran.status, 0, `${program} ${args.join(" ")}: ${ran.error?.message}\n${said}`);
      return ran.stdout;
    };

    before(() => {
      mkdirSync(home, { recursive: true });
      const name = `node-${process.platform}-${process.arch}`;
      const bring = ["install", "--no-save", cache, "--prefix", join(own, "node")];
      execFileSync("npm", [...bring, `${name}@${node}`], { cwd: own, stdio: "ignore" });
      const PATH = pathWith(join(own, "node/node_modules", name, "bin/node"), join(own, "path"));
      const UV_CACHE_DIR = process.env["UV_CACHE_DIR"] ?? join(homedir(), ".cache", "uv");
      // The person's way to the registry, a proxy say, stays.
      const npmrc = { npm_config_userconfig: join(homedir(), ".npmrc") };
      const { NIGHTLAB_STATE_DIR: _, ...rest } = process.env;
      env = { ...rest, ...npmrc, PATH, HOME: home, UV_CACHE_DIR, NIGHTLAB_UV: realUv() };
    });

    test("it installs where there is no compiler, and brings no tool of the workshop", () => {
      for (const tool of ["cc", "gcc", "c++", "make", "cmake"]) {
        assert.notEqual(spawnSync("sh", ["-c", `command -v ${tool}`], { env }).status, 0, tool);
      }
      run("node", [npm, "install", "--global", "--prefix", prefix, cache, tarball]);
      // Older npms run the scripts of packages: koffi's is the one that could ask for a compiler.
      const koffi = join(installed, "node_modules/koffi");
      run("node", ["./cnoke.cjs", "-P", ".", "-D", "src/koffi", "--prebuild", "--release"], koffi);
      const brought = readdirSync(join(installed, "node_modules"));
      for (const tool of ["esbuild", "typescript", "knip", "nightlab-node"]) {
        assert.ok(!brought.includes(tool), tool);
      }
      assert.deepEqual(
        brought.filter((name) => /^node-(linux|darwin|bin)/.test(name)),
        [],
      );
      assert.equal(run(nightlab, ["--version"]), `${version}\n`);
    });

    test("the demo goes all the way, with pictures and the live page", () => {
      const said = run(nightlab, ["demo"]);
      assert.match(said, /> \*\*done\*\* `[a-z0-9]{4}` .* val\/acc 0\.\d+/);
      const experiment = join(own, "nightlab-demo/one-small-layer");
      const [folder = ""] = readdirSync(join(experiment, "runs"));
      assert.ok(existsSync(join(experiment, "runs", folder, "plots/val-loss.webp")));
      const page = readFileSync(join(experiment, "plots/index.html"), "utf8");
      const bundle = readFileSync(join(installed, "dist/effects/render/live-page/page.js"), "utf8");
      assert.ok(page.includes(bundle.slice(0, 200)));
      assert.ok(page.includes("University of Washington Interactive Data Lab"));
    });

    test("doctor finds all that runs need", () => {
      const lab = join(own, "nightlab-demo");
      env["NIGHTLAB_STATE_DIR"] = join(lab, ".nightlab/state");
      const said = run(nightlab, ["doctor"], lab);
      assert.match(said, new RegExp(`^ok +node +v${node}$`, "m"));
      assert.match(said, /^ok +uv +uv \d/m);
      // Locks are native calls: without koffi's binary there would be none.
      assert.match(said, /^ok +state .*, with locks$/m);
      assert.match(said, /^All( that is needed is there| is well)\.$/m);
    });
  });
}
