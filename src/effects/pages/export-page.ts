// Exports a page with its pictures: as one HTML file, or through convert.ts as a PDF, or as a TeX
// file with a folder of pictures. The page is parsed into a tree in report/export/export-tree.ts.
import { createHash } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import sharp from "sharp";
import { masked } from "../../base/secrets.ts";
import { exportBody, exportDocument } from "../../report/export/export-html.ts";
import { exportTree, picturesOf } from "../../report/export/export-tree.ts";
import { errorCode } from "../os/error-code.ts";
import { auditText } from "./audit-files.ts";
import { citedLines } from "./cited-lines.ts";
import { convert } from "./convert.ts";
import { readExperimentFiles } from "../run-store/experiment-files.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "../os/lab-files.ts";

/** Largest picture that is exported: no plot is larger. */
const PICTURE_BYTES = 64 * 2 ** 20;

export type ExportFormat = "html" | "pdf" | "tex";

export interface ExportRequest {
  readonly experimentDir: string;
  readonly labDir?: string;
  /** Absolute path of the page. */
  readonly page: string;
  readonly format: ExportFormat;
  /** Absolute path of the output; its folder must exist. */
  readonly out: string;
  /** Name and version for the document, as in `nightlab 0.1.0`. */
  readonly generator: string;
}

export type Exported =
  | {
      readonly kind: "exported";
      /** False if the file had these bytes already. */
      readonly written: boolean;
      readonly pictures: number;
      /** Pictures that are missing or unreadable, as the page writes their paths. */
      readonly absent: readonly string[];
      /** Number of the audit's findings on the page. */
      readonly findings: number;
    }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Exports a page. Refuses to replace a file that nightlab did not write, or that was edited since.
 * Rejects with the system's error if a file cannot be read or written.
 */
export async function exportPage(request: ExportRequest): Promise<Exported> {
  const { experimentDir, labDir, page, format, out } = request;
  const own = await isOwn(out);
  if (!own) {
    const why = `${out} is there and is not as nightlab wrote it; move it away, or name another file with --out`;
    return { kind: "refused", why };
  }
  const text = masked(await readFile(page, "utf8"));
  const files = await readExperimentFiles(experimentDir, labDir === undefined ? {} : { labDir });
  const lines = await citedLines(text, dirname(page), files);
  const lineOf = (path: string, line: number): string | undefined => lines.get(`${path}#${line}`);
  const { findings } = await auditText(text, lineOf, files);
  const pictures = await readPictures(text, dirname(page));
  const medium = format === "html" ? "screen" : "print";
  const around = { medium, lineOf, hrefOf: linksFrom(dirname(page), dirname(out)) } as const;
  const summary = {
    kind: "exported",
    pictures: pictures.found.size,
    absent: pictures.absent,
    findings: findings.length,
  } as const;
  if (format === "html") {
    const imageOf = (target: string): string | undefined => pictures.found.get(target)?.dataUri;
    const tree = exportTree(text, { ...around, imageOf });
    const made = exportDocument(tree, { generator: request.generator });
    return { ...summary, written: await atomicWrite(out, signed(Buffer.from(made), format)) };
  }
  const folder = format === "tex" ? `${folderName(basename(out, extname(out)))}-figures` : "";
  const names = pictureNames(pictures.found);
  const imageOf = (target: string): string | undefined => {
    const name = names.get(target);
    return name === undefined || folder === "" ? name : `${folder}/${name}`;
  };
  const html = exportBody(exportTree(text, { ...around, imageOf }));
  const work = await mkdtemp(join(tmpdir(), "nightlab-export-"));
  try {
    await writePictures(work, pictures.found, names);
    const converted = await convert(work, html, format);
    if (converted.kind === "refused") return converted;
    const bytes = signed(converted.bytes, format);
    if (folder !== "") await keepPictures(join(dirname(out), folder), pictures.found, names);
    return { ...summary, written: await atomicWrite(out, bytes) };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Picture {
  readonly bytes: Buffer;
  readonly dataUri: string;
  /** File name without its extension. */
  readonly name: string;
}

const MIME: Readonly<Record<string, string>> = {
  ".webp": "image/webp",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".svg": "image/svg+xml",
  ".avif": "image/avif",
};

async function readPictures(
  text: string,
  dir: string,
): Promise<{ readonly found: ReadonlyMap<string, Picture>; readonly absent: readonly string[] }> {
  const found = new Map<string, Picture>();
  const absent: string[] = [];
  for (const target of picturesOf(text)) {
    if (isElsewhere(target)) continue;
    const path = resolve(dir, decoded(target));
    const mime = MIME[extname(path).toLowerCase()];
    // Any failure: the export names each picture that it lacks.
    const about = await stat(path).catch(() => undefined);
    if (mime === undefined || about?.isFile() !== true || about.size > PICTURE_BYTES) {
      absent.push(target);
      continue;
    }
    const bytes = await readFile(path);
    if (!(await isPicture(bytes))) {
      absent.push(target);
      continue;
    }
    const dataUri = `data:${mime};base64,${bytes.toString("base64")}`;
    found.set(target, { bytes, dataUri, name: basename(path, extname(path)) });
  }
  return { found, absent };
}

async function isPicture(bytes: Buffer): Promise<boolean> {
  try {
    await sharp(bytes).metadata();
    return true;
  } catch {
    // Any failure: sharp cannot read it, so that it is no picture.
    return false;
  }
}

/** A file name with a hash of the content for each picture: no two pictures share a name. */
function pictureNames(pictures: ReadonlyMap<string, Picture>): ReadonlyMap<string, string> {
  return new Map(
    [...pictures].map(([target, { bytes, name }]) => {
      const hash = createHash("sha256").update(bytes).digest("hex").slice(0, HASH_CHARS);
      return [target, `${folderName(name)}-${hash}.png`];
    }),
  );
}

const HASH_CHARS = 12;

async function writePictures(
  folder: string,
  pictures: ReadonlyMap<string, Picture>,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [target, name] of names) {
    const path = join(folder, name);
    const bytes = pictures.get(target)?.bytes;
    if (bytes !== undefined)
      await writeFile(path, await sharp(bytes).flatten(WHITE).png().toBuffer());
  }
}

/** Viewers disagree on transparency in the output of TeX: pictures get a white background. */
const WHITE = { background: "#ffffff" } as const;

/** Writes the pictures beside a TeX file, and removes those that only an earlier export used. */
async function keepPictures(
  folder: string,
  pictures: ReadonlyMap<string, Picture>,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const wanted = new Set(names.values());
  // Any failure: old pictures of ours stay.
  const there: readonly string[] = await readdir(folder).catch(() => []);
  if (wanted.size > 0) await mkdir(folder, { recursive: true });
  for (const name of there) {
    const isOurs = new RegExp(`-[0-9a-f]{${HASH_CHARS}}\\.png$`).test(name);
    if (isOurs && !wanted.has(name)) await rm(join(folder, name), { force: true });
  }
  const missing = [...names].filter(([, name]) => !there.includes(name));
  await writePictures(folder, pictures, new Map(missing));
}

/** Rewrites relative links of a page in `from` for a file in `to`; keeps only web and mail links. */
function linksFrom(from: string, to: string): (target: string) => string | undefined {
  return (target) => {
    if (isElsewhere(target)) return /^(?:https?|mailto):/i.test(target) ? target : undefined;
    const [path = "", fragment] = target.split("#", 2);
    const parts = relative(to, resolve(from, decoded(path))).split(sep);
    const href = parts.map((part) => encodeURIComponent(part)).join("/");
    return fragment === undefined ? href : `${href}#${fragment}`;
  };
}

function isElsewhere(target: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Any failure: then it is a name as it stands.
    return path;
  }
}

/** A name that is safe in TeX, in Typst and on every file system. */
function folderName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+/, "") || "report";
}

/** What surrounds the signature in the last line: a comment in each format. */
const COMMENT: Readonly<Record<ExportFormat, readonly [string, string]>> = {
  html: ["<!-- nightlab ", " -->"],
  tex: ["% nightlab ", ""],
  pdf: ["% nightlab ", ""],
};

/** Adds a last line with a hash of the file, which shows later whether it was edited. */
function signed(bytes: Buffer, format: ExportFormat): Buffer {
  const whole = bytes.at(-1) === 10 ? bytes : Buffer.concat([bytes, Buffer.from("\n")]);
  const [open, close] = COMMENT[format];
  return Buffer.concat([whole, Buffer.from(`${open}${hashOf(whole)}${close}\n`)]);
}

/** Whether a file may be replaced: it does not exist, or is unchanged since nightlab wrote it. */
async function isOwn(path: string): Promise<boolean> {
  try {
    const bytes = await readFile(path);
    const at = bytes.lastIndexOf(10, bytes.length - 2) + 1;
    const signature = /^(?:<!--|%) nightlab ([0-9a-f]{64})/.exec(bytes.toString("utf8", at));
    return signature?.[1] === hashOf(bytes.subarray(0, at));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return true;
    throw error;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
