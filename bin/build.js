#!/usr/bin/env node
// Makes dist/ for publishing: the sources compiled (Node refuses TypeScript below node_modules), the
// live page's script bundled, and the files that they expect beside them. In a checkout nothing needs
// it. It imports TypeScript: run it with the Node of node_modules/.bin, as npm does.
import { spawnSync } from "node:child_process";
import { cpSync, globSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bundledPage } from "../src/effects/render/bundle-page.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = resolve(process.argv[2] ?? join(root, "dist"));

rmSync(out, { recursive: true, force: true });
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const options = ["--noEmit", "false", "--rootDir", join(root, "src"), "--outDir", out];
const compiled = spawnSync(
  process.execPath,
  [tsc, "--project", join(root, "tsconfig.build.json"), ...options],
  { stdio: "inherit" },
);
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
for (const file of globSync("**/*.{sh,otf,ttf,txt,py,py.lock,css}", { cwd: join(root, "src") })) {
  cpSync(join(root, "src", file), join(out, file));
}
writeFileSync(join(out, "effects/render/live-page/page.js"), await bundledPage());
