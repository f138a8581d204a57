// The rules of the house that neither compiler nor linter can see, as a test over the files.
// Each rule is a function from a file to its offences, tried here on a bad example first.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface SourceFile {
  /** Relative to the project, `src/base/ids.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Above this a file holds two thoughts, and is cut between them. Tests are lists of cases. */
const mostLines = (path: string): number => (path.startsWith("test/") ? 500 : 400);

/** Where the outside world may be touched. */
const OUTSIDE = /^src\/(effects\/|cli\/|main\.ts$)/;
const OUTSIDE_MODULES =
  /from "(?:node:)?(fs|fs\/promises|child_process|cluster|dgram|dns|http|https|net|os|process|readline|timers|timers\/promises|tls|worker_threads|sqlite|execa|koffi|pino|sharp|@resvg\/resvg-js)"/;
const OUTSIDE_CALLS =
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\b|\bfetch\(|\brandomUUID\b|\brandomBytes\b|\bconsole\.\w+\(/;

/** The files that start programs, and what it takes that they do it themselves. */
const STARTERS: ReadonlySet<string> = new Set([
  "src/effects/os/ask-program.ts",
  "src/effects/supervise/posix-spawn.ts",
  // Bytes as input and output, with what git must not do.
  "src/effects/git/git.ts",
  // A process group that writes into a file, for as long as it makes progress.
  "src/effects/environment/environment.ts",
  // A process of Node with a channel for specs and pictures.
  "src/effects/render/render.ts",
  // At once, where there is no /proc: identities are looked up between two lines of code.
  "src/effects/os/process-identity.ts",
  // The daemon of the demo, which ends with it.
  "src/cli/demo.ts",
]);

const rules: Readonly<Record<string, (file: SourceFile) => readonly string[]>> = {
  "only effects/, cli/ and main touch the outside world or read a clock": (file) => {
    if (!file.path.startsWith("src/") || OUTSIDE.test(file.path)) return [];
    return linesOf(file, (line) => OUTSIDE_MODULES.test(line) || OUTSIDE_CALLS.test(line), "code");
  },
  "no shell reads what a person wrote": (file) =>
    linesOf(
      file,
      (line) => /\bshell: (true|["'])|\bexecSync\(|(?<![.\w])exec\(/.test(line),
      "code",
    ),
  "git is started by effects/git/, which knows how to": (file) =>
    !file.path.startsWith("src/") || file.path.startsWith("src/effects/git/")
      ? []
      : linesOf(
          file,
          (line) => /\b(execa|askProgram|execFile\w*|spawn\w*)\)?\("git"/.test(line),
          "code",
        ),
  "short programs are asked by ask-program.ts, runs are started by posix-spawn.ts": (file) => {
    if (!file.path.startsWith("src/") || STARTERS.has(file.path)) return [];
    const starts = /^import (?!type ).* from "(?:node:child_process|execa)"|import\("execa"\)/;
    const errorsOnly = /^import \{ ExecaError \} from "execa"/;
    return linesOf(file, (line) => starts.test(line) && !errorsOnly.test(line), "code");
  },
  "files of a lab are written and removed by effects/os/lab-files.ts, which judges links": ({
    path,
    text,
  }) => {
    const rooms =
      /^src\/effects\/(code|daemon|environment|pages|render|repeat|run-store|supervise)\//;
    const [, names = ""] = /import \{([^}]*)\} from "node:fs\/promises"/.exec(text) ?? [];
    const writes =
      /\b(appendFile|copyFile|cp|link|mkdir|rename|rm|rmdir|symlink|truncate|unlink|writeFile)\b/;
    return rooms.test(path) && writes.test(names) ? [`${path}: ${names.trim()}`] : [];
  },
  "an error is no absence: who catches any says why any failure is the same": (file) =>
    file.path.startsWith("src/") ? [...boldCatches(file)] : [],
  "a file opens by saying what it is": (file) =>
    !file.path.startsWith("src/") || /^(#!.*\n)?\/\/ \S/.test(file.text)
      ? []
      : [`${file.path}:1 does not open with a comment`],
  "no file is so long that it must hold two thoughts": (file) => {
    const count = file.text.split("\n").length - 1;
    const most = mostLines(file.path);
    return count <= most ? [] : [`${file.path} has ${count} lines, more than ${most}`];
  },
  "a name says what a file is": (file) =>
    /^(index|utils?|helpers?|misc|common|.*-?manager)\.ts$/.test(basename(file.path))
      ? [`${file.path}: no name for a file`]
      : [],
  "no test is switched off or alone": (file) =>
    linesOf(
      file,
      (line) =>
        /\b(it|test|describe|suite)\.(only|skip|todo)\(|\b(only|skip|todo): true\b/.test(line),
      "code",
    ),
  "properties draw from the suite's one seed": (file) =>
    file.path === "test/properties.ts"
      ? []
      : linesOf(file, (line) => /from "fast-check"/.test(line), "code"),
  "nothing is left for later": (file) =>
    linesOf(
      file,
      (line) => /\b(FIXME|XXX|HACK)\b|(?<![["])\bTODO\b(?![\]"])/.test(line),
      "comments",
    ),
  "no check is switched off": (file) =>
    linesOf(
      file,
      (line) =>
        /@ts-(ignore|expect-error|nocheck)|(eslint|oxlint)-disable|prettier-ignore/.test(line),
      "comments",
    ),
};

/** `path:line text` of each line of code, or of comment, that offends. */
function linesOf(
  { path, text }: SourceFile,
  offends: (line: string) => boolean,
  kind: "code" | "comments",
): readonly string[] {
  return text.split("\n").flatMap((line, i) => {
    const isComment = /^\s*(\/\/|\/\*|\*)/.test(line);
    const [, code = "", trailing = ""] = /^(.*?)(\s\/\/ .*)?$/.exec(line) ?? [];
    const looked = kind === "code" ? (isComment ? "" : code) : isComment ? line : trailing;
    return offends(looked) ? [`${path}:${i + 1} ${line.trim()}`] : [];
  });
}

/** How many such places a text has. */
const seen = (text: string): number => [...boldCatches({ path: "src/a.ts", text })].length;

/** A handler that takes the error, or names a function that does. */
const TAKES_ERROR = /^(?:async )?\(\{?\s*(?!_)\w|^[\w.#]+[,)\s]/;
const TAKES_NONE = /^(?:async )?\((?:_\w*)?\)/;

/**
 * Places that catch whatever comes: `catch {`, `.catch(() => …)` and a second handler of `then`
 * that takes no error. Each has "any failure" in a comment within it or at most three lines above.
 * What is none of the known forms is listed too, so that nothing is overlooked.
 */
function* boldCatches({ path, text }: SourceFile): Generator<string> {
  const code = withoutComments(text);
  const place = (at: number): string => {
    const line = code.slice(0, at).split("\n").length;
    return `${path}:${line} ${text.split("\n")[line - 1]?.trim() ?? ""}`;
  };
  const isExplained = (at: number, end: number): boolean => {
    const from = code.slice(0, at).split("\n").length - 1;
    const to = code.slice(0, end).split("\n").length;
    const said = text.split("\n").slice(Math.max(0, from - 3), to);
    return said.some((line) => /\/\/ .*\bany failure\b/i.test(line));
  };
  for (const { index: at } of code.matchAll(/\bcatch\b/g)) {
    const after = code.slice(at + "catch".length);
    const isMethod = code[at - 1] === ".";
    const handler = after.slice(1).trimStart();
    const isBare = isMethod ? TAKES_NONE.test(handler) : /^\s*\{/.test(after);
    const takes = isMethod ? TAKES_ERROR.test(handler) : /^ \((?!_)\w+\) \{/.test(after);
    const end = at + (isMethod ? 0 : after.indexOf("\n", after.indexOf("\n") + 1));
    if (isBare ? !isExplained(at, end) : !takes) yield place(at);
  }
  for (const { index: at } of code.matchAll(/\.then\(/g)) {
    const args = argumentsAt(code, at + ".then(".length);
    if (args === undefined) yield `${place(at)}: not understood`;
    else if (args.length > 1) {
      const [first = "", second = ""] = args;
      const end = at + first.length + second.length + ".then(".length;
      const handler = second.trimStart();
      const isBold = TAKES_NONE.test(handler);
      if (isBold ? !isExplained(at, end) : handler !== "" && !TAKES_ERROR.test(handler + ",")) {
        yield place(at);
      }
    }
  }
}

/** The text with every comment line and trailing comment as blanks of the same length. */
const withoutComments = (text: string): string =>
  text.replaceAll(/^[ \t]*(?:\/\/|\/\*|\*).*$|[ \t]\/\/ .*$/gm, (comment) =>
    " ".repeat(comment.length),
  );

/** The arguments of a call whose parenthesis opens before `from`; undefined where it never closes. */
function argumentsAt(code: string, from: number): readonly string[] | undefined {
  const args: string[] = [""];
  let depth = 0;
  for (let i = from; i < code.length; i += 1) {
    const char = code[i] ?? "";
    if (depth === 0 && char === ")") return args;
    if ("([{".includes(char)) depth += 1;
    if (")]}".includes(char)) depth -= 1;
    if (depth === 0 && char === ",") args.push("");
    else args.push((args.pop() ?? "") + char);
  }
  return undefined;
}

function projectFiles(): readonly SourceFile[] {
  return globSync("{src,test,bench}/**/*.ts", { cwd: ROOT })
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

const BAD: Readonly<Record<keyof typeof rules, SourceFile>> = {
  "short programs are asked by ask-program.ts, runs are started by posix-spawn.ts": {
    path: "src/effects/gpu/a.ts",
    text: '// A.\nimport { execFile } from "node:child_process";\n',
  },
  "only effects/, cli/ and main touch the outside world or read a clock": {
    path: "src/base/clock.ts",
    text: '// A.\nconst now = Date.now();\nimport { a } from "node:fs";\n',
  },
  "no shell reads what a person wrote": { path: "src/cli/a.ts", text: "// A.\n  shell: true,\n" },
  "git is started by effects/git/, which knows how to": {
    path: "src/cli/a.ts",
    text: '// A.\nawait execa("git", ["status"]);\n',
  },
  "files of a lab are written and removed by effects/os/lab-files.ts, which judges links": {
    path: "src/effects/pages/a.ts",
    text: '// A.\nimport { readdir, rename } from "node:fs/promises";\n',
  },
  "an error is no absence: who catches any says why any failure is the same": {
    path: "src/effects/os/a.ts",
    text: "// A.\ntry {\n  a();\n} catch {\n  b();\n}\n",
  },
  "a file opens by saying what it is": { path: "src/base/a.ts", text: "export {};\n" },
  "no file is so long that it must hold two thoughts": {
    path: "src/base/a.ts",
    text: "// A.\n".repeat(401),
  },
  "a name says what a file is": { path: "src/base/utils.ts", text: "// A.\n" },
  "no test is switched off or alone": { path: "test/a.test.ts", text: 'it.skip("a");\n' },
  "properties draw from the suite's one seed": {
    path: "test/unit/a.test.ts",
    text: 'import * as fc from "fast-check";\n',
  },
  "nothing is left for later": { path: "src/a.ts", text: "// A.\n// TODO: more\n" },
  "no check is switched off": { path: "src/a.ts", text: "// A.\nfoo(); // @ts-ignore\n" },
};

describe("the house is tidy:", () => {
  const files = projectFiles();
  for (const [name, rule] of Object.entries(rules)) {
    it(name, () => {
      const bad = BAD[name];
      assert.ok(bad !== undefined && rule(bad).length > 0, "the rule sees its bad example");
      const offences = files.filter(({ path }) => path !== "test/unit/tidy.test.ts").flatMap(rule);
      assert.deepEqual(offences, []);
    });
  }

  it("a place that catches any error is seen in each of its forms", () => {
    const bold = [
      "try {\n} catch {\n  return;\n}\n",
      "await a().catch(() => undefined);\n",
      "await a()\n  .catch(() => {\n    b();\n  });\n",
      "await a().catch(\n  () => [],\n);\n",
      "await a().catch(async () => b());\n",
      "await a().catch((_error) => b());\n",
      "await a().then(b, () => false);\n",
      "await a().then(\n  (c) => d(c, [1, 2]),\n  () => undefined,\n);\n",
      "try {\n} catch ({ code }) {\n}\n",
    ];
    for (const text of bold) {
      assert.equal(seen(text), 1, text);
      assert.equal(
        seen(`// Any failure: it says why.\n${text}`),
        text.includes("code") ? 1 : 0,
        text,
      );
    }
    const fine = [
      "try {\n} catch (error) {\n  throw error;\n}\n",
      "await a().catch((error: unknown) => b(error));\n",
      "await a().catch(String);\nawait a().catch(this.#b);\n",
      "await a().then(b, (error) => c(error));\nawait a().then(() => b());\n",
      "// catch {\n",
    ];
    for (const text of fine) assert.equal(seen(text), 0, text);
  });

  it("each invariant in ARCHITECTURE.md names tests that exist", () => {
    const page = join(ROOT, "ARCHITECTURE.md");
    const invariants = existsSync(page) ? invariantsOf(readFileSync(page, "utf8")) : [];
    if (existsSync(page)) assert.ok(invariants.length > 0, "no numbered list under ## Invariants");
    for (const invariant of invariants) {
      const tests = [...invariant.matchAll(/\btest\/[\w./-]*\w/g)].map(([path]) => path);
      assert.ok(tests.length > 0, `no test is named: ${invariant}`);
      for (const test of tests) assert.ok(existsSync(join(ROOT, test)), `${test}: ${invariant}`);
    }
  });

  it("the pages for engineers name files that exist", () => {
    const bases = new Set(files.map(({ path }) => basename(path)));
    for (const page of ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/decisions.md"]) {
      const text = readFileSync(join(ROOT, page), "utf8");
      for (const [, name = ""] of text.matchAll(/`([\w./-]+\.ts)`/g)) {
        if (name.endsWith("/NAME.ts")) continue;
        const known = name.includes("/")
          ? existsSync(join(ROOT, name)) || existsSync(join(ROOT, "src", name))
          : bases.has(name);
        assert.ok(known, `${page}: ${name}`);
      }
    }
  });

  it("comments name files that exist", () => {
    const bases = new Set(files.map(({ path }) => basename(path)));
    const missing = files.flatMap((file) =>
      file.text.split("\n").flatMap((line, i) => {
        if (!/^\s*(\/\/|\*|\/\*\*)/.test(line)) return [];
        const names = [...line.matchAll(/(?<![\w./-])([a-z][\w/-]*\.ts)\b/g)].map(
          ([, name = ""]) => name,
        );
        return names
          .filter((name) => !bases.has(basename(name)))
          .map((name) => `${file.path}:${i + 1} ${name}`);
      }),
    );
    assert.deepEqual(missing, []);
  });

  it("every test file is in a folder that the test command looks into", () => {
    const rooms = new Set(["unit", "golden", "property", "contract", "sim", "e2e", "long"]);
    for (const { path } of files) {
      if (path.endsWith(".test.ts")) assert.ok(rooms.has(path.split("/")[1] ?? ""), path);
      else assert.ok(!dirname(path).endsWith("__tests__"), path);
    }
  });
});

/** The items of the numbered list below the heading "Invariants". */
function invariantsOf(page: string): readonly string[] {
  const section = page.split(/^## /m).find((part) => /^invariants/i.test(part)) ?? "";
  return section.split(/^(?=\d+\. )/m).filter((item) => /^\d+\. /.test(item));
}
