// The architecture as a test: rooms stand on one another in one order, and a file imports only from
// its own room or from one that stands before it. Imports of types count like any other.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** From the ground up. A folder below a room belongs to it: `logs/formats` is in `logs`. */
const ROOMS = [
  "base",
  "domain",
  "criteria",
  "logs",
  "rules",
  "judge",
  "settings",
  "journal/read",
  "journal/identity",
  "journal/receipt",
  "journal/merge",
  "scheduler",
  "report/plots",
  "report/page",
  "report/audit",
  "report/export",
  "report/night",
  "effects/os",
  "effects/journal-store",
  "effects/supervise",
  "effects/git",
  "effects/gpu",
  "effects/code",
  "effects/environment",
  "effects/render",
  "effects/run-store",
  "effects/pages",
  "effects/repeat",
  "effects/state",
  "effects/daemon",
  "cli",
  "main.ts",
];

const MOST_FILES = 40;
/** One file is one thing here (a rule, a subcommand, a log format), however many there are. */
const ONE_FILE_A_THING = new Set(["src/rules", "src/cli", "src/logs/formats"]);

/** Each file of the sources with the files that it imports, all relative to the project. */
type Imports = ReadonlyMap<string, readonly string[]>;

describe("the rooms of src/:", () => {
  const imports = importsOf(sources());

  it("a file imports only from its own room and from rooms that stand before it", () => {
    assert.deepEqual(upward(imports), []);
  });

  it("an import that leads upward, a type's too, is seen", () => {
    const text = 'import type { Settings } from "../settings/lab.ts";\n';
    const more = importsOf(new Map([["src/base/time.ts", text]]));
    assert.deepEqual(upward(new Map([...imports, ...more])), [
      "src/base/time.ts imports src/settings/lab.ts: base stands before settings",
    ]);
  });

  it("no files import one another in a circle, types included", () => {
    assert.deepEqual(circles(imports), []);
  });

  it("a circle is seen, through a type and an import that waits too", () => {
    const made = importsOf(
      new Map([
        ["src/base/a.ts", 'import type { B } from "./b.ts";\n'],
        ["src/base/b.ts", 'const { c } = await import("./c.ts");\n'],
        ["src/base/c.ts", 'export { a } from "./a.ts";\n'],
        ["src/base/d.ts", 'import { a } from "./a.ts";\n'],
      ]),
    );
    assert.deepEqual(circles(made), ["src/base/a.ts src/base/b.ts src/base/c.ts"]);
  });

  it(`no folder holds more than ${MOST_FILES} files, but where one file is one thing`, () => {
    const folders = Map.groupBy(imports.keys(), (path) => dirname(path));
    const full = [...folders].filter(
      ([folder, files]) => files.length > MOST_FILES && !ONE_FILE_A_THING.has(folder),
    );
    assert.deepEqual(full, []);
  });

  it("ARCHITECTURE.md tells of the same rooms, in the same order", () => {
    const page = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
    const rows = [...page.matchAll(/^\| `([\w./-]+?)\/?` +\|/gm)].map(([, room]) => room);
    assert.deepEqual(rows, ROOMS);
  });
});

function sources(): ReadonlyMap<string, string> {
  const paths = globSync("src/**/*.ts", { cwd: ROOT }).toSorted();
  return new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

function importsOf(files: ReadonlyMap<string, string>): Imports {
  const named = /(?:\bfrom|\bimport)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g;
  return new Map(
    [...files].map(([path, text]) => {
      const found = [...text.matchAll(named)].map(([, name = ""]) => name);
      return [path, found.map((name) => posix.join(posix.dirname(path), name))];
    }),
  );
}

/** Where a file's room stands in ROOMS, or -1. */
function standing(path: string): number {
  const inner = path.slice("src/".length);
  return ROOMS.findIndex((room) => inner === room || inner.startsWith(`${room}/`));
}

function upward(imports: Imports): readonly string[] {
  return [...imports].flatMap(([path, imported]) => {
    const own = standing(path);
    if (own < 0) return [`${path} is in no room`];
    return imported
      .filter((one) => standing(one) > own)
      .map((one) => {
        const [room, other] = [ROOMS[own], ROOMS[standing(one)]];
        return `${path} imports ${one}: ${room} stands before ${other}`;
      });
  });
}

/**
 * The groups of files that reach one another, each once, in alphabetical order.
 * Tarjan's strongly connected components (SIAM J. Comput. 1(2), 1972).
 */
function circles(imports: Imports): readonly string[] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[] = [];
  const visit = (path: string): number => {
    const own = order.size;
    order.set(path, own);
    stack.push(path);
    let low = own;
    for (const next of imports.get(path) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    lowest.set(path, low);
    if (low === own) {
      const group = stack.splice(stack.indexOf(path));
      if (group.length > 1 || imports.get(path)?.includes(path) === true) {
        found.push(group.toSorted().join(" "));
      }
    }
    return low;
  };
  for (const path of imports.keys()) if (!order.has(path)) visit(path);
  return found.toSorted();
}
