#!/usr/bin/env node
// Writes THIRD-PARTY-NOTICES, and the notices that stand in each live page, from the licence files of
// the installed packages: `node bin/notices.js [DIR]`, after one of them has changed.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = resolve(process.argv[2] ?? root);
const IN_PAGE = "src/effects/render/live-page/vega-notices.txt";
const FONT = "src/effects/render/fonts/Inter-LICENSE.txt";
const DATA = "examples/digits/one-small-layer/DATA.md";
/** What some of them need for programs at a terminal alone, and types: in no page. */
const NOT_IN_PAGE = /^(commander|iconv-lite|rw|@types\/.*)$/;
const RULE = "-".repeat(80);

const packages = withDependencies("vega");
const inPage = [
  `This page holds Vega ${packages[0].version} (https://vega.github.io), which is made with these packages.`,
  ...grouped(packages).map(groupText),
].join(`\n\n${RULE}\n\n`);
const all = [
  "What nightlab's package and the pages that it writes hold of other people's work. The npm packages\n" +
    "that nightlab needs are not in it: npm installs each with its own licence.",
  `In the package: the font Inter, with which pictures are drawn.\n\n${read(join(root, FONT))}`,
  `In the package: the data of the example.\n\n${read(join(root, DATA))}`,
  `In each live page (plots/index.html):\n\n${inPage}`,
].join(`\n\n${"=".repeat(80)}\n\n`);
write(IN_PAGE, inPage);
write("THIRD-PARTY-NOTICES", all);

/**
 * A package and all that it depends on. Not just what a bundler would find: some of them hold others
 * ready bundled.
 */
function withDependencies(name, from = root, found = new Map()) {
  const folder = folderOf(name, from);
  if (found.has(folder) || NOT_IN_PAGE.test(name)) return [...found.values()];
  const { dependencies = {}, version, license } = JSON.parse(read(join(folder, "package.json")));
  const file = readdirSync(folder).find((one) => /^licen[cs]e(\.|$)/i.test(one));
  if (file === undefined) throw new Error(`${name} has no licence file in ${folder}`);
  const text = read(join(folder, file));
  const [, holders = "", terms = ""] = /^((?:Copyright .*\n)*)\n*([^]*)$/i.exec(text) ?? [];
  found.set(folder, { name, version, license, holders: holders.trim(), terms });
  for (const next of Object.keys(dependencies)) withDependencies(next, folder, found);
  return [...found.values()];
}

function folderOf(name, from) {
  const folder = join(from, "node_modules", name);
  if (existsSync(folder)) return realpathSync(folder);
  if (from === dirname(from)) throw new Error(`${name} is not installed`);
  return folderOf(name, dirname(from));
}

/** The packages that have the same terms, whoever holds the rights, in alphabetical order. */
function grouped(found) {
  const sorted = found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return [...Map.groupBy(sorted, ({ terms }) => terms.replaceAll(/\s+/g, " ")).values()];
}

function groupText(group) {
  const byHolders = [...Map.groupBy(group, ({ holders }) => holders)];
  const heads = byHolders.map(([holders, of]) => {
    const names = wrapped(of.map(({ name }) => name).join(", "));
    return holders === "" ? names : `${names}\n${holders}`;
  });
  return `${group[0].license}\n\n${heads.join("\n\n")}\n\n${group[0].terms}`;
}

function wrapped(text) {
  return text.replaceAll(/(.{1,78})(?: |$)/g, "$1\n").trim();
}

function read(path) {
  return readFileSync(path, "utf8").replaceAll("\r\n", "\n").trim();
}

function write(path, text) {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), `${text}\n`);
}
