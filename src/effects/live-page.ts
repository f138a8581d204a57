// Writes plots/index.html of an experiment where it has changed, and never over a person's file.
// What stands in it is report/live-page.ts; its script and style lie in live-page/.
import { createHash } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ReportInput } from "../report/input.ts";
import { livePage, livePageHtml, type PageParts } from "../report/live-page.ts";
import { writeWhole } from "./write-whole.ts";

/** Where the page stands; the second where the first is a person's own file. */
const NAMES = ["index.html", "index.nightlab.html"];
const ASSETS = join(import.meta.dirname, "live-page");

/** Of the page's script, each after those that it needs. */
const SCRIPTS = [
  "look",
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
  const text = sealed(livePageHtml(page, await parts));
  for (const name of NAMES) {
    const path = join(plotsDir, name);
    const current = await readFile(path, "utf8").catch(() => undefined);
    if (current === text) return;
    if (current !== undefined && !isOwn(current)) continue;
    await mkdir(plotsDir, { recursive: true });
    await writeWhole(path, text);
    return;
  }
}

/** The name of nightlab's page in the folder, by its first line; undefined where there is none. */
export async function presentLivePage(plotsDir: string): Promise<string | undefined> {
  for (const name of NAMES) {
    const file = await open(join(plotsDir, name)).catch(() => undefined);
    if (file === undefined) continue;
    try {
      const head = await file.read(Buffer.alloc(128), 0, 128, 0);
      if (SEAL.test(head.buffer.toString("utf8"))) return name;
    } finally {
      await file.close();
    }
  }
  return undefined;
}

const SEAL = /^<!doctype html>\r?\n<!-- nightlab plots ([0-9a-f]{64}) -->\r?\n/;

function sealed(html: string): string {
  return `<!doctype html>\n<!-- nightlab plots ${hashOf(html)} -->\n${html}`;
}

/** A page that a person changed no longer fits its hash; line ends may be git's. */
function isOwn(text: string): boolean {
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
