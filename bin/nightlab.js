#!/usr/bin/env node
// The command `nightlab`: finds a Node that is new enough and hands over to src/main.ts (in a
// checkout) or dist/main.js (installed from a registry). Plain JavaScript that Node 18 reads.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants, homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Below this, execa and vega-lite do not load. */
const NEEDED = [22, 22, 0];

const inPackage = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const source = inPackage("src/main.ts");
const main = existsSync(source) ? source : inPackage("dist/main.js");

if (isNewEnough(process.versions.node)) {
  hushExperimentalWarnings();
  module.enableCompileCache?.(compiled());
  await import(main);
} else {
  handOver();
}

/** Whether a version such as `22.22.1` is at least NEEDED. */
function isNewEnough(version) {
  const parts = version.split(".").map(Number);
  for (let i = 0; i < NEEDED.length; i += 1) {
    if (parts[i] !== NEEDED[i]) return parts[i] > NEEDED[i];
  }
  return true;
}

/** `node:sqlite` and running TypeScript warn of being new on each start: no news for a person. */
function hushExperimentalWarnings() {
  const emitWarning = process.emitWarning;
  process.emitWarning = function (warning, ...rest) {
    const type = typeof rest[0] === "object" ? rest[0]?.type : rest[0];
    if (type !== "ExperimentalWarning") emitWarning.call(process, warning, ...rest);
  };
}

/**
 * Where compiled code is kept: a checkout keeps to its own folder, else it is in the state folder
 * of src/effects/os/state-dir.ts. Reading TypeScript and compiling it takes longer than most answers.
 */
function compiled() {
  if (main === source) return inPackage(".tools/compile-cache");
  const { NIGHTLAB_STATE_DIR: own, XDG_STATE_HOME: xdg } = process.env;
  const state = own ? resolve(own) : join(xdg || join(homedir(), ".local", "state"), "nightlab");
  return join(state, "compile-cache");
}

/** Runs the same command with the Node of the checkout; its exit is this process's exit. */
function handOver() {
  const node = inPackage("node_modules/.bin/node");
  if (!existsSync(node)) {
    console.error(missingNode());
    process.exit(1);
  }
  const args = ["--disable-warning=ExperimentalWarning", main, ...process.argv.slice(2)];
  // src/main.ts takes the variable out again: no run shall inherit it.
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled() };
  const child = spawn(node, args, { stdio: "inherit", env });
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"]) {
    process.on(signal, () => {
      // A terminal has already sent Ctrl-C to the child as well.
      const fromTerminal = process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT");
      if (!fromTerminal) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`nightlab: cannot start the checkout's Node (${node}): ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}

function missingNode() {
  const checkout = existsSync(source);
  return [
    `nightlab: this Node is ${process.versions.node}, and nightlab needs ${NEEDED.join(".")} or newer.`,
    checkout
      ? `The checkout can bring one for itself: node "${inPackage("bin/setup.js")}"`
      : "Install a newer one (https://nodejs.org), or run nightlab from a checkout, which brings its own.",
  ].join("\n");
}
