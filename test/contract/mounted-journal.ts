// Writes into a journal that is mounted in some way, and prints what came of it. It is started by
// mounted-journal.test.ts in a mount namespace of its own, so that nothing stays mounted.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ALL_WAYS, makePlace, type Place } from "./journal-place.ts";

const OLD = "run: de-risk\n";
const NEW = "run: de-risk\n\n> **done** `k7f3`\n";

const mount = (...args: readonly string[]): unknown => execFileSync("mount", args);

/** The file alone is one of another place. */
function mountFile({ journal }: Place): void {
  const other = join(dirname(dirname(journal)), "other.md");
  writeFileSync(other, OLD);
  mount("--bind", other, journal);
}

/** All of the place is made of two layers on different disks, as in a container. */
function mountLayers({ folder }: Place): void {
  const root = dirname(folder);
  const [lower, upper] = ["lower", "upper"].map((name) => `${root}-${name}`) as [string, string];
  cpSync(root, lower, { recursive: true });
  mkdirSync(upper);
  mount("-t", "tmpfs", "tmpfs", upper);
  for (const name of ["files", "work"]) mkdirSync(join(upper, name));
  const layers = `lowerdir=${lower},upperdir=${join(upper, "files")},workdir=${join(upper, "work")}`;
  mount("-t", "overlay", "overlay", "-o", layers, root);
}

/** Takes the mounts away again. */
function unmount({ folder, journal }: Place): void {
  if (prepare === mountFile) {
    execFileSync("umount", [journal]);
    return;
  }
  const root = dirname(folder);
  for (const path of [root, `${root}-upper`]) execFileSync("umount", ["--lazy", path]);
  for (const name of ["lower", "upper"]) rmSync(`${root}-${name}`, { recursive: true });
}

const prepare = process.argv[2] === "file" ? mountFile : mountLayers;
const told = [];
for (const way of ALL_WAYS) {
  const place = makePlace(OLD, way);
  prepare(place);
  const oneDisk = statSync(place.journal).dev === statSync(place.folder).dev;
  const result = await place.replace(OLD, NEW);
  told.push({
    oneDisk,
    result,
    isNew: readFileSync(place.journal, "utf8") === NEW,
    isOld: readFileSync(place.journal, "utf8") === OLD,
    leftovers: place.leftovers(),
  });
  unmount(place);
  await place.remove();
}
console.log(JSON.stringify(told));
