// Whether a path of a lab leads out of it by a symlink. A lab may come from anybody, so such a link
// is followed only where its owner trusted it. lab-files.ts asks before it touches a file.
import { lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { shellWord } from "../../base/shell-word.ts";
import { errorCode } from "./error-code.ts";
import { isTrustedLink, wasTrustedLink, type TrustedLink } from "./trusted-links.ts";

/** Labs of this process, by their paths without symlinks. */
const labs = new Set<string>();
const listeners = new Set<(link: TrustedLink) => void>();

/** From now on, links below this folder that lead out of it are not followed. */
export function guardLab(lab: string): void {
  labs.add(lab);
}

/** Calls `listener` for each link that is not followed, each time it is met; returns its end. */
export function onLeavingLink(listener: (link: TrustedLink) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What a use of a path that leaves its lab fails with. */
export class LeavingLinkError extends Error {
  readonly code = "ELEAVESLAB";
  readonly link: string;
  constructor(link: TrustedLink) {
    super(leavingLinkText(link));
    this.link = link.link;
  }
}

/** Why a link is not followed, and what lets it be. */
export const leavingLinkText = ({ link, target }: TrustedLink): string =>
  `${link} is a link out of the lab, to ${target}, and is not followed; ` +
  `if it is yours: ${trustCommand(link)}`;

/** What a person types to have a link followed. */
export const trustCommand = (link: string): string => `nightlab trust ${shellWord(link)}`;

/** Throws a `LeavingLinkError` where a path of a guarded lab leads out of it. */
export function mustStay(path: string): void {
  const link = leavingLink(path);
  if (link === undefined) return;
  for (const listener of listeners) listener(link);
  throw new LeavingLinkError(link);
}

/** Like `leavingLink`, and tells the listeners. */
export function leaves(path: string): boolean {
  try {
    mustStay(path);
    return false;
  } catch (error) {
    if (error instanceof LeavingLinkError) return true;
    throw error;
  }
}

/**
 * The first link on the way to a path of a guarded lab that leads out of the lab and is not
 * trusted, the path's last part included; undefined where there is none, and for a path of no
 * guarded lab. A link into a `.git` or `.nightlab` leads out: neither is the person's to share.
 */
export function leavingLink(path: string): TrustedLink | undefined {
  const full = resolve(path);
  if (isItself(full)) return undefined;
  const place = placeOf(full);
  if (place === undefined) return undefined;
  const roots = [place.lab];
  let at = place.lab;
  for (const part of place.below) {
    at = join(at, part);
    const isLink = isSymlink(at);
    if (isLink === undefined) return undefined;
    if (!isLink) continue;
    const link = { link: join(realOr(dirname(at)), basename(at)), target: endOf(at) };
    if (roots.some((root) => isBelow(root, link)) || isTrustedLink(link)) roots.push(link.target);
    else return link;
  }
  return undefined;
}

/**
 * Whether a path, as a file in a folder of a lab may name it, is in the same lab and reached
 * without a link out of it. Of a folder of no guarded lab: whether it is below that folder.
 */
export function staysInLabOf(folder: string, path: string): boolean {
  const lab = placeOf(resolve(folder))?.lab ?? resolve(folder);
  const full = resolve(path);
  const isInside = placeOf(full)?.lab === lab || full.startsWith(lab + sep);
  return isInside && !leaves(full);
}

/**
 * The folder outside of the lab that a trusted link leads to, by its path without links; undefined
 * for any other path.
 */
export function linkedFolder(path: string): string | undefined {
  const place = placeOf(resolve(path));
  // A link that nobody trusted is not even looked at: it may lead to a disk that hangs.
  if (place === undefined || !wasTrustedLink(join(realOr(dirname(path)), basename(path)))) {
    return undefined;
  }
  if (leavingLink(path) !== undefined) return undefined;
  const target = endOf(path);
  if (target === place.lab || target.startsWith(place.lab + sep)) return undefined;
  return statSync(target, { throwIfNoEntry: false })?.isDirectory() === true ? target : undefined;
}

/** A path of a guarded lab: the innermost that holds it, and the names below that. */
function placeOf(path: string): { readonly lab: string; readonly below: string[] } | undefined {
  const held = [...labs].filter((lab) => path === lab || path.startsWith(lab + sep));
  const [lab] = held.toSorted((a, b) => b.length - a.length);
  if (lab !== undefined) return { lab, below: partsOf(path.slice(lab.length)) };
  // The way to the lab may itself have links, as where a person works in a linked folder.
  const parts = partsOf(path);
  for (let count = 1; count <= parts.length; count += 1) {
    const real = realOr(sep + parts.slice(0, count).join(sep));
    if (labs.has(real)) return { lab: real, below: parts.slice(count) };
  }
  return undefined;
}

const partsOf = (path: string): string[] => path.split(sep).filter((part) => part !== "");

/** The usual case, in one call: no part of the path is a link. */
function isItself(path: string): boolean {
  try {
    return realpathSync.native(path) === path;
  } catch {
    // Any failure: it is looked at part by part.
    return false;
  }
}

/** Undefined where nothing is there, or nothing that can be looked at. */
function isSymlink(path: string): boolean | undefined {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    // Any failure: what cannot be looked at cannot be gone through, either.
    return undefined;
  }
}

/** Whether a link stays below a folder, and out of what belongs to git and nightlab there. */
function isBelow(root: string, { link, target }: TrustedLink): boolean {
  if (target !== root && !target.startsWith(root + sep)) return false;
  const parts = partsOf(target.slice(root.length));
  const own = parts.findIndex((part) => part === ".git" || part === ".nightlab");
  if (own < 0) return true;
  const within = join(root, ...parts.slice(0, own + 1)) + sep;
  return parts[own] === ".nightlab" && link.startsWith(within);
}

/** Linux's own limit of links on one way. */
const LINKS = 40;

/** Where a link ends, by an absolute path without links, also where nothing is there. */
function endOf(link: string): string {
  let at = link;
  for (let left = LINKS; left > 0; left -= 1) {
    try {
      return realpathSync.native(at);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") break;
    }
    const rest: string[] = [];
    // The deepest part that is there; a link is there too, though its target is not.
    while (isSymlink(at) === undefined && at !== dirname(at)) {
      rest.unshift(basename(at));
      at = dirname(at);
    }
    if (isSymlink(at) !== true) return join(realOr(at), ...rest);
    at = join(resolve(realOr(dirname(at)), readlinkSync(at)), ...rest);
  }
  return at;
}

function realOr(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    // Any failure: by its own name it leads nowhere else.
    return path;
  }
}
