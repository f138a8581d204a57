// Writes plots/index.html of an experiment where it has changed, and never over a person's file.
// What stands in it is report/plots/live-page.ts; its script and style lie in live-page/.
import { createHash } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ReportInput } from "../../judge/input.ts";
import { livePage, livePageHtml, type PageParts } from "../../report/plots/live-page.ts";
import { atomicWrite } from "../os/atomic-write.ts";

/** Where the page stands; the second where the first is a person's own file. */
const NAMES = ["index.html", "index.nightlab.html"];
const ASSETS = join(import.meta.dirname, "live-page");

/** Of the page's script, each after those that it needs. */
const SCRIPTS = [
  "look",
  "axis-numbers",
  "page-data",
  "elements",
  "curve-points",
  "curves-spec",
  "zoom",
  "curves",
  "values",
  "map",
  "run-list",
  "page",
];

let parts: Promise<PageParts> | undefined;

/** Writes it where its bytes differ; nothing is written as long as no run has a curve. */
export async function renewLivePage(plotsDir: string, input: ReportInput): Promise<void> {
  const page = livePage(input);
  if (page === undefined) return;
  parts ??= readParts();
  const html = livePageHtml(page, await parts);
  const seal = `<!doctype html>\n<!-- nightlab plots ${hashOf(html)} -->\n`;
  for (const name of NAMES) {
    const path = join(plotsDir, name);
    const head = await headOf(path);
    // The page is large: that it is the same is told by its first lines.
    if (head?.startsWith(seal) === true) return;
    if (head !== undefined && !(await isOwn(path))) continue;
    await mkdir(plotsDir, { recursive: true });
    await atomicWrite(path, seal + html);
    return;
  }
}

/** The name of nightlab's page in the folder, by its first line; undefined where there is none. */
export async function presentLivePage(plotsDir: string): Promise<string | undefined> {
  for (const name of NAMES) {
    const head = await headOf(join(plotsDir, name));
    if (head !== undefined && SEAL.test(head)) return name;
  }
  return undefined;
}

/** The first bytes of a file; undefined where there is none. */
async function headOf(path: string): Promise<string | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

const HEAD_BYTES = 128;

const SEAL = /^<!doctype html>\r?\n<!-- nightlab plots ([0-9a-f]{64}) -->\r?\n/;

/** A page that a person changed no longer fits its hash; line ends may be git's. */
async function isOwn(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => "");
  const seal = SEAL.exec(text);
  if (seal === null) return false;
  return seal[1] === hashOf(text.slice(seal[0].length).replaceAll("\r\n", "\n"));
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

async function readParts(): Promise<PageParts> {
  // The one file of the library that needs no other; its package names only its modules.
  const library = join(fileURLToPath(import.meta.resolve("vega")), "..", "vega.min.js");
  const [code = "", style = "", ...scripts] = await Promise.all(
    [library, join(ASSETS, "page.css"), ...SCRIPTS.map(scriptFile)].map((path) =>
      readFile(path, "utf8"),
    ),
  );
  return { library: code, style, script: joined(scripts) };
}

const scriptFile = (name: string): string => join(ASSETS, `${name}.browser.js`);

/** Modules as one script: in an HTML file of its own nothing can be imported. */
function joined(scripts: readonly string[]): string {
  const plain = scripts.map((script) =>
    script.replaceAll(/^import [^;]*;\n/gm, "").replaceAll(/^export (?=const )/gm, ""),
  );
  return `"use strict";\n${plain.join("\n")}`;
}
