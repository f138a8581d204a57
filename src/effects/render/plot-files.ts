// A plot on disk is a pair: an image, and its spec, which says which images it has described.
// Whether a pair is nightlab's own is proved here by hashes; what is drawn is left to run-plots.ts.
import { createHash, randomUUID } from "node:crypto";
import { link, lstat, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { atomicWrite } from "../os/atomic-write.ts";
import { errorCode } from "../os/error-code.ts";

/** Other names tried for a plot whose name a person's own file has. */
const PLOT_NAME_TRIES = 20;
/** Largest file that is read to see whether it is a plot of ours: a spec has 100 KB at most. */
const PLOT_SPEC_BYTES = 4 << 20;

/**
 * Raised when the same spec gives another image, through a font or a library. It stands in each
 * spec, so that images from before are drawn anew.
 */
const DRAWING = 1;

/** What a spec file says of itself in Vega-Lite's `usermeta`, which drawing programs skip. */
interface Mark {
  readonly drawing: number;
  readonly metric: string;
  /** SHA-256 of the spec without this mark: a person's edit no longer fits it. */
  readonly spec: string;
  /**
   * SHA-256 of the image, and of the one that it replaced. The spec is written first, so that
   * between the two writes the older image is still known as nightlab's own.
   */
  readonly images: readonly string[];
}

/** A spec as it is to stand on disk. */
export interface WantedPlot {
  readonly metric: string;
  readonly spec: object;
  readonly hash: string;
}

export type PlotPlace =
  /** Nothing of that name is there. */
  | { readonly kind: "free"; readonly name: string }
  /** Both files are nightlab's own, and the image is of this spec. */
  | { readonly kind: "current"; readonly name: string }
  /** What is there is nightlab's own; `image` is absent where only the spec is left. */
  | { readonly kind: "own"; readonly name: string; readonly image?: string };

export function wantedPlot(metric: string, spec: object): WantedPlot {
  return { metric, spec, hash: sha256(JSON.stringify(spec)) };
}

/**
 * Where a plot is or may be written: `name`, or `name-nightlab` and so on where a person has a
 * file of that name. A pair that is nightlab's own comes before a free name, so that a plot stays
 * where it is linked to. Undefined when every name is somebody else's.
 *
 * @param others names of the run's other plots, which are none of this one's
 */
export async function findPlotPlace(
  folder: string,
  name: string,
  others: ReadonlySet<string>,
  wanted: WantedPlot,
): Promise<PlotPlace | undefined> {
  let free: PlotPlace | undefined;
  for (let i = 0; i < PLOT_NAME_TRIES; i += 1) {
    const tried = candidate(name, i);
    if (i > 0 && others.has(tried.toLowerCase())) continue;
    const place = await look(folder, tried, wanted);
    if (place?.kind === "free") free ??= place;
    else if (place !== undefined) return place;
  }
  return free;
}

function candidate(name: string, i: number): string {
  if (i === 0) return name;
  return i === 1 ? `${name}-nightlab` : `${name}-nightlab-${i}`;
}

async function look(
  folder: string,
  name: string,
  wanted: WantedPlot,
): Promise<PlotPlace | undefined> {
  const spec = await readOwnKind(join(folder, specFile(name)));
  const image = await readOwnKind(join(folder, imageFile(name)));
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

/** The bytes of a regular file; `other` for what nightlab never makes, a link or a folder. */
async function readOwnKind(path: string): Promise<Buffer | "absent" | "other"> {
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size > PLOT_SPEC_BYTES) return "other";
    return await readFile(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "absent";
    throw error;
  }
}

/** The mark of a spec that is word for word the one that nightlab wrote. */
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
    return undefined;
  }
}

/**
 * Writes the pair: first the spec that knows the new image and the old one, then the image, then
 * the spec without the old one. Each is whole at every moment. Returns false where somebody else's file came in between.
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
  // The older image is gone: the pair says no more than one that was made from nothing.
  if (before.some((hash) => hash !== image)) await atomicWrite(specPath, specText(wanted, [image]));
  return true;
}

/** The spec as it stands on disk, with the images that it vouches for. */
function specText(wanted: WantedPlot, images: readonly string[]): string {
  const { metric, hash } = wanted;
  const mark: Mark = { drawing: DRAWING, metric, spec: hash, images };
  return `${JSON.stringify({ ...wanted.spec, usermeta: { nightlab: mark } }, null, 1)}\n`;
}

/** Writes a file that is not there yet; false, and nothing changed, where one is by now. */
async function writeNew(path: string, content: Uint8Array | string): Promise<boolean> {
  const temp = `${path}.${randomUUID()}.part`;
  await atomicWrite(temp, content);
  try {
    // Unlike a rename, a link never replaces what is there.
    await link(temp, path);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    // A file system without links: as near as it can be had.
    if ((await readOwnKind(path)) !== "absent") return false;
    await rename(temp, path);
  } finally {
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
