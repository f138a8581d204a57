// HTML to TeX or PDF through pandoc, and Typst for PDF. uv downloads them into its own cache on
// first use, pinned by hash: nothing is installed. No text of the page passes through a shell.
import { join } from "node:path";
import { findRunner } from "../environment/runner.ts";
import { askProgram } from "../os/ask-program.ts";
import { readFile, writeFile } from "../os/lab-files.ts";

/** Timeout of each converter; on first use it includes the download (66 MB for both). */
const CONVERT_MS = 600_000;

export type Converted =
  | { readonly kind: "converted"; readonly bytes: Buffer }
  | { readonly kind: "refused"; readonly why: string };

const SCRIPTS = join(import.meta.dirname, "converters");

const TEX = [
  "--shift-heading-level-by=-1",
  "--variable=geometry:margin=2.2cm",
  "--variable=colorlinks:true",
  "--include-in-header=head.tex",
];
const TYPST = [
  "--shift-heading-level-by=-1",
  "--variable=papersize:a4",
  "--variable=fontsize:10pt",
  "--include-in-header=head.typ",
];

/** Settings that pandoc's Typst template lacks, for pages full of tables. */
const TYPST_HEAD = `#set document(date: none)
#set table(inset: (x: 4pt, y: 3.5pt), stroke: (x, y) => (bottom: if y == 0 { 0.8pt } else { 0.3pt + luma(80%) }))
#show table: set text(size: 8pt)
#show table: set par(justify: false)
#show table: set align(left)
#show figure: set block(breakable: true)
#show link: set text(fill: rgb("#0a58b5"))
`;

/** pdfTeX, unlike LuaTeX and XeTeX, needs a definition for each symbol that a report uses. */
const TEX_HEAD = String.raw`\ifPDFTeX
\DeclareUnicodeCharacter{2248}{\ensuremath{\approx}}
\DeclareUnicodeCharacter{2212}{\ensuremath{-}}
\DeclareUnicodeCharacter{221A}{\ensuremath{\surd}}
\DeclareUnicodeCharacter{2264}{\ensuremath{\leq}}
\DeclareUnicodeCharacter{2265}{\ensuremath{\geq}}
\DeclareUnicodeCharacter{2192}{\ensuremath{\rightarrow}}
\fi
\AtBeginEnvironment{longtable}{\footnotesize\setlength{\tabcolsep}{3.5pt}}
`;

/** Converts a page in the folder `work`, which holds the page's pictures and nothing else. */
export async function convert(
  work: string,
  html: string,
  format: "pdf" | "tex",
): Promise<Converted> {
  const uv = await findRunner("uv");
  if (uv.kind === "missing") return { kind: "refused", why: uv.message };
  await writeFile(join(work, "page.html"), html);
  await writeFile(join(work, "head.typ"), TYPST_HEAD);
  await writeFile(join(work, "head.tex"), TEX_HEAD);
  const steps =
    format === "tex"
      ? [["pandoc.py", "latex", "page.html", "page.tex", ...TEX]]
      : [
          ["pandoc.py", "typst", "page.html", "page.typ", ...TYPST],
          ["typeset.py", "page.typ", "page.pdf"],
        ];
  for (const [script = "", ...args] of steps) {
    const argv = ["run", "--quiet", "--frozen", "--script", join(SCRIPTS, script), ...args];
    const ran = await askProgram(uv.binary, argv, { cwd: work, timeoutMs: CONVERT_MS });
    if (ran.kind === "absent") return { kind: "refused", why: `${uv.binary} is gone` };
    if (ran.kind === "failed") {
      return { kind: "refused", why: failureText(script, ran.errors, ran.late) };
    }
  }
  return { kind: "converted", bytes: await readFile(join(work, `page.${format}`)) };
}

/** Messages of uv when it cannot reach the package registry. */
const OFFLINE =
  /error sending request|dns error|failed to (?:fetch|download)|network (?:connectivity is|was) disabled|could not connect|connection refused|timed out/i;

function failureText(script: string, stderr: string, timedOut: boolean): string {
  const name = script === "pandoc.py" ? "pandoc" : "Typst";
  if (timedOut) return `${name} did not end within ${CONVERT_MS / 60_000} minutes`;
  if (OFFLINE.test(stderr)) {
    return (
      `${name} (33 MB) is downloaded on first use, and the package registry cannot be reached; ` +
      "try again with a network, or use `--to html`, which needs nothing"
    );
  }
  const last = stderr.trim().split("\n").slice(-6).join("\n");
  return `${name} did not succeed:\n${last === "" ? "it gave no reason" : last}`;
}
