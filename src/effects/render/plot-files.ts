// A plot on disk is a pair of files: an image, and its spec, which holds hashes of both. The hashes
// show whether nightlab wrote the pair and nobody edited it. What is drawn is left to run-plots.ts.
import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { atomicWrite } from "../os/atomic-write.ts";
import { errorCode } from "../os/error-code.ts";
import { link, lstat, readFile, rename, unlink } from "../os/lab-files.ts";

/** Names tried for a plot, as long as files of the person have them. */
const PLOT_NAMES = 20;
/** Largest file that may be one of nightlab's plots: a spec has 100 KB at most. */
const PLOT_FILE_BYTES = 4 << 20;

/**
 * Version of the drawing, stored in each spec. Raise it when the same spec gives another image, for
 * example with another font or library: older images are then drawn again.
 */
const DRAWING = 1;

/** nightlab's part of a spec file, in Vega-Lite's `usermeta`, which drawing programs ignore. */
interface Mark {
  readonly drawing: number;
  readonly metric: string;
  /** SHA-256 of the spec without this mark; it no longer matches once a person edits the spec. */
  readonly spec: string;
  /**
   * SHA-256 of the image, and of the one that it replaces. The spec is written first, so that
   * between the two writes the older image still counts as nightlab's own.
   */
  readonly images: readonly string[];
}

/** A plot as it should be on disk. */
export interface WantedPlot {
  readonly metric: string;
  readonly spec: object;
  /** SHA-256 of the spec. */
  readonly hash: string;
}

export type PlotPlace =
  /** No file has that name. */
  | { readonly kind: "free"; readonly name: string }
  /** Both files are nightlab's own, and the image is drawn from this spec. */
  | { readonly kind: "current"; readonly name: string }
  /** The files are nightlab's own but not current; `image` (SHA-256) is absent if the image is. */
  | { readonly kind: "own"; readonly name: string; readonly image?: string };

/** The spec of a metric's plot, with its hash. */
export function wantedPlot(metric: string, spec: object): WantedPlot {
  return { metric, spec, hash: sha256(JSON.stringify(spec)) };
}

/**
 * Where a plot is or may be written: `name`, or `name-nightlab` and so on if a person has a file of
 * that name. A pair of nightlab's own is preferred to a free name, so that links to a plot stay
 * valid. Undefined if every name is taken. Rejects with the system's error if a file cannot be
 * read.
 *
 * @param others names of the run's other plots in lower case: this plot must not take them
 */
export async function findPlotPlace(
  folder: string,
  name: string,
  others: ReadonlySet<string>,
  wanted: WantedPlot,
): Promise<PlotPlace | undefined> {
  let free: PlotPlace | undefined;
  for (let i = 0; i < PLOT_NAMES; i += 1) {
    const candidate = candidateName(name, i);
    if (i > 0 && others.has(candidate.toLowerCase())) continue;
    const place = await inspectPair(folder, candidate, wanted);
    if (place?.kind === "free") free ??= place;
    else if (place !== undefined) return place;
  }
  return free;
}

function candidateName(name: string, i: number): string {
  if (i === 0) return name;
  return i === 1 ? `${name}-nightlab` : `${name}-nightlab-${i}`;
}

/** What is on disk under one name; undefined if a file there is not nightlab's own. */
async function inspectPair(
  folder: string,
  name: string,
  wanted: WantedPlot,
): Promise<PlotPlace | undefined> {
  const spec = await readRegular(join(folder, specFile(name)));
  const image = await readRegular(join(folder, imageFile(name)));
  if (spec === "absent" && image === "absent") return { kind: "free", name };
  if (spec === "absent" || spec === "other" || image === "other") return undefined;
  const mark = readMark(spec.toString("utf8"));
  if (mark === undefined) return undefined;
  if (image === "absent") return { kind: "own", name };
  const hash = sha256(image);
  if (!mark.images.includes(hash)) return undefined;
  const drawn = mark.images[0] === hash && mark.spec === wanted.hash && mark.drawing === DRAWING;
  return drawn ? { kind: "current", name } : { kind: "own", name, image: hash };
}

/** The bytes of a regular file; `other` for what nightlab never writes, as a link or a folder. */
async function readRegular(path: string): Promise<Buffer | "absent" | "other"> {
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size > PLOT_FILE_BYTES) return "other";
    return await readFile(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "absent";
    throw error;
  }
}

/** The mark of a spec file; undefined if the spec is not exactly what nightlab wrote. */
function readMark(text: string): Mark | undefined {
  try {
    const { usermeta, ...spec } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const mark = (usermeta as { readonly nightlab?: Partial<Mark> } | undefined)?.nightlab;
    const { drawing, metric, images } = mark ?? {};
    // Compared as values, not bytes: git may have changed the line ends of a clone.
    if (mark?.spec !== sha256(JSON.stringify(spec))) return undefined;
    if (typeof drawing !== "number" || typeof metric !== "string") return undefined;
    if (!Array.isArray(images)) return undefined;
    return { drawing, metric, spec: mark.spec, images: images.map(String) };
  } catch {
    // Any failure: a spec that is not ours.
    return undefined;
  }
}

/**
 * Writes the pair: first the spec with the hashes of the new image and the old one, then the image,
 * then the spec without the old hash. Each write is atomic, so a crash leaves a pair that still
 * counts as nightlab's own. Returns false if another file appeared at `place` meanwhile.
 */
export async function writePlot(
  folder: string,
  place: PlotPlace,
  wanted: WantedPlot,
  webp: Uint8Array,
): Promise<boolean> {
  const image = sha256(webp);
  const before = place.kind === "own" && place.image !== undefined ? [place.image] : [];
  const text = specText(wanted, [...new Set([image, ...before])]);
  const specPath = join(folder, specFile(place.name));
  const imagePath = join(folder, imageFile(place.name));
  if (place.kind === "free") {
    return (await writeNew(specPath, text)) && (await writeNew(imagePath, webp));
  }
  await atomicWrite(specPath, text);
  if (before.length === 0) return writeNew(imagePath, webp);
  await atomicWrite(imagePath, webp);
  // The older image is gone: drop its hash, so that the bytes equal those of a plot drawn fresh.
  if (before.some((hash) => hash !== image)) await atomicWrite(specPath, specText(wanted, [image]));
  return true;
}

/** The text of a spec file; `images` are the hashes that it lists. */
function specText(wanted: WantedPlot, images: readonly string[]): string {
  const { metric, hash } = wanted;
  const mark: Mark = { drawing: DRAWING, metric, spec: hash, images };
  return `${JSON.stringify({ ...wanted.spec, usermeta: { nightlab: mark } }, null, 1)}\n`;
}

/** Creates a file atomically; false, with nothing changed, if the path exists by now. */
async function writeNew(path: string, content: Uint8Array | string): Promise<boolean> {
  const temp = `${path}.${randomUUID()}.part`;
  await atomicWrite(temp, content);
  try {
    // Unlike rename, link never replaces an existing file.
    await link(temp, path);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    // A file system without hard links: check, then rename, with a small race.
    if ((await readRegular(path)) !== "absent") return false;
    await rename(temp, path);
  } finally {
    // Any failure: it has been renamed, or is removed another time.
    await unlink(temp).catch(() => undefined);
  }
  return true;
}

/** `val-loss` → `val-loss.webp`. */
export const imageFile = (name: string): string => `${name}.webp`;
const specFile = (name: string): string => `${name}.vl.json`;

function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}
