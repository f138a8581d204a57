#!/usr/bin/env node
// Makes a checkout ready: the npm packages of the lock file (a new Node among them) and uv, all of
// them checked against hashes in the repository: package-lock.json and bin/uv-requirements.txt. Does
// nothing where all is there, and writes nowhere but below the checkout. Node 18 reads it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** As in bin/nightlab.js. */
const NEEDED_NODE = [22, 22];
/** npm would try for more than a minute without a network before it says so. */
const RETRIES = [
  "--fetch-retries=2",
  "--fetch-retry-mintimeout=500",
  "--fetch-retry-maxtimeout=4000",
];
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const UV_REQUIREMENTS = at("bin", "uv-requirements.txt");
const UV_VERSION = /^uv==([\w.]+)/m.exec(readFileSync(UV_REQUIREMENTS, "utf8"))?.[1];

setUpPackages();
setUpUv();

function setUpPackages() {
  if (!packagesFit() || !hasNode()) {
    step("installing npm packages (npm ci)");
    mkdirSync(at(".tools"), { recursive: true });
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    const cache = at(".tools", "npm-cache");
    const args = [
      "ci",
      "--no-audit",
      "--no-fund",
      // The Node that calls it may be older than the one that it brings.
      "--no-engine-strict",
      "--loglevel=error",
      `--cache=${cache}`,
      ...RETRIES,
    ];
    const result = run(npm, args);
    if (result.failed) {
      giveUp("npm ci did not succeed", result.why, [
        "It needs the npm registry; what has been downloaded is kept, so try again when it answers:",
        "  node bin/setup.js",
      ]);
    }
  }
  linkNode();
  if (hasNode()) return;
  // Its packages are optional, one for each platform: npm goes on where it has none.
  giveUp(
    "there is no new Node in the checkout",
    `npm brought none for ${process.platform}-${process.arch}`,
    [
      "Try again, in case that its download failed: node bin/setup.js",
      `Or install Node ${NEEDED_NODE.join(".")} or newer (https://nodejs.org), and try again with that.`,
    ],
  );
}

/** Puts the Node that npm brought on the path of npm's scripts; npm 10 leaves that out. */
function linkNode() {
  const link = at("node_modules", ".bin", "node");
  if (existsSync(link)) return;
  const { optionalDependencies } = JSON.parse(
    readFileSync(at("bin", "node", "package.json"), "utf8"),
  );
  const brought = Object.keys(optionalDependencies)
    .map((name) => at("node_modules", name, "bin", "node"))
    .find((path) => existsSync(path));
  if (brought === undefined) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), brought), link);
}

/** Whether the checkout has a new Node, or this one, with which it was called, is new enough. */
function hasNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const isNew = major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1]);
  return isNew || existsSync(at("node_modules", ".bin", "node"));
}

/** Whether node_modules holds what package-lock.json says: npm notes there what it installed. */
function packagesFit() {
  const wanted = readPackages("package-lock.json");
  const there = readPackages("node_modules/.package-lock.json");
  if (wanted === undefined || there === undefined) return false;
  const same = (path) => there[path]?.integrity === wanted[path]?.integrity;
  const needed = Object.keys(wanted).filter((path) => path !== "" && !wanted[path].optional);
  return needed.every((path) => path in there && same(path)) && Object.keys(there).every(same);
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(at(file), "utf8")).packages;
  } catch {
    return undefined;
  }
}

function setUpUv() {
  const home = at(".tools", "uv");
  const mark = join(home, "ready");
  if (existsSync(join(home, "bin", "uv")) && read(mark) === UV_VERSION) return;
  step(`installing uv ${UV_VERSION} from PyPI`);
  rmSync(home, { recursive: true, force: true });
  const why = installUv(home);
  if (why === undefined) {
    writeFileSync(mark, UV_VERSION);
    return;
  }
  rmSync(home, { recursive: true, force: true });
  const own = spawnSync("uv", ["--version"], { encoding: "utf8" });
  if (own.status === 0) {
    step(
      `uv ${UV_VERSION} could not be installed (${why}); using ${own.stdout.trim()} of this machine`,
    );
    return;
  }
  giveUp("uv could not be installed", why, [
    "It needs Python 3 with venv (on Debian and Ubuntu: apt install python3-venv) and PyPI.",
    "Or install uv yourself (https://docs.astral.sh/uv/) so that it is on the PATH.",
  ]);
}

/** Installs uv into a virtual environment at `home`; the reason where that fails. */
function installUv(home) {
  mkdirSync(dirname(home), { recursive: true });
  const venv = run("python3", ["-m", "venv", home]);
  if (venv.failed) return `python3 -m venv: ${venv.why}`;
  const pip = ["-m", "pip", "install", "--quiet", "--no-cache-dir", "--retries=2"];
  const result = run(join(home, "bin", "python"), [
    ...pip,
    "--disable-pip-version-check",
    "--only-binary=:all:",
    "--require-hashes",
    `--requirement=${UV_REQUIREMENTS}`,
  ]);
  return result.failed ? `pip install uv: ${result.why}` : undefined;
}

/** Runs a program to its end, its output kept for the case that it fails. */
function run(program, args) {
  const result = spawnSync(program, args, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 2 ** 20,
  });
  const said = `${result.stderr ?? ""}\n${result.stdout ?? ""}`.split("\n").filter(Boolean);
  const telling = said.length > 12 ? [...said.slice(0, 9), "…", ...said.slice(-2)] : said;
  const why =
    result.error?.code === "ENOENT" ? `${program} is not on this machine` : telling.join("\n");
  return { failed: result.status !== 0, why: why || String(result.error ?? result.signal) };
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function step(text) {
  console.error(`setup: ${text}`);
}

function giveUp(what, why, help) {
  console.error([`setup: ${what}: ${why}`, ...help].join("\n"));
  process.exit(1);
}
