// Writes an experiment's plots/index.html if it has changed, and never over a person's file. Its
// content is made in report/plots/live-page.ts; its script and style are made of live-page/.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ReportInput } from "../../judge/input.ts";
import { livePage, livePageHtml, type PageParts } from "../../report/plots/live-page.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { mkdir, open, readFile } from "../os/lab-files.ts";
import { pageScript } from "./bundle-page.ts";

/** File name of the page; the second if the first is a person's own file. */
const NAMES = ["index.html", "index.nightlab.html"];
const ASSETS = join(import.meta.dirname, "live-page");

let parts: Promise<PageParts> | undefined;

/** Writes the live page if its bytes differ; writes nothing while no run has a curve. */
export async function renewLivePage(plotsDir: string, input: ReportInput): Promise<void> {
  const page = livePage(input);
  if (page === undefined) return;
  parts ??= readParts();
  const html = livePageHtml(page, await parts);
  const signature = `<!doctype html>\n<!-- nightlab plots ${hashOf(html)} -->\n`;
  for (const name of NAMES) {
    const path = join(plotsDir, name);
    const head = await headOf(path);
    // The page is large: the hash in its first lines is enough to compare it.
    if (head?.startsWith(signature) === true) return;
    if (head !== undefined && !(await isOwn(path))) continue;
    await mkdir(plotsDir, { recursive: true });
    await atomicWrite(path, signature + html);
    return;
  }
}

/** File name of the page in the folder, known by its signature; undefined if there is none. */
export async function presentLivePage(plotsDir: string): Promise<string | undefined> {
  for (const name of NAMES) {
    const head = await headOf(join(plotsDir, name));
    if (head !== undefined && SIGNATURE.test(head)) return name;
  }
  return undefined;
}

/** The first HEAD_BYTES of a file; undefined if it cannot be opened. */
async function headOf(path: string): Promise<string | undefined> {
  // Any failure: what cannot be read is not ours to replace; here and below.
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Enough for the signature. */
const HEAD_BYTES = 128;

/** The first two lines of a page; the hash is that of the rest. */
const SIGNATURE = /^<!doctype html>\r?\n<!-- nightlab plots ([0-9a-f]{64}) -->\r?\n/;

/** Whether the page matches its hash: nobody edited it. Git may have changed its line ends. */
async function isOwn(path: string): Promise<boolean> {
  // Any failure.
  const text = await readFile(path, "utf8").catch(() => "");
  const signature = SIGNATURE.exec(text);
  if (signature === null) return false;
  return signature[1] === hashOf(text.slice(signature[0].length).replaceAll("\r\n", "\n"));
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

async function readParts(): Promise<PageParts> {
  // The library's single-file build, which its package.json does not export.
  const library = join(fileURLToPath(import.meta.resolve("vega")), "..", "vega.min.js");
  const [code, notices, style, script] = await Promise.all([
    readFile(library, "utf8"),
    readFile(join(ASSETS, "vega-notices.txt"), "utf8"),
    readFile(join(ASSETS, "page.css"), "utf8"),
    pageScript(),
  ]);
  // The licences of what is in the library want their notices in every copy.
  return { library: `/*!\n${notices.replaceAll("*/", "* /")}*/\n${code}`, style, script };
}
