// `nightlab export` on a real experiment in a folder with an odd name: HTML by itself, PDF and TeX
// by the real converters, which uv downloads once (pandoc and Typst, 33 MB each).
import assert from "node:assert/strict";
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import sharp from "sharp";
import type { CommandResult } from "../../src/cli/command-result.ts";
import { exportReport } from "../../src/cli/export.ts";
import { renewReport } from "../../src/effects/pages/pages.ts";
import { realUv } from "./run-harness.ts";

let lab = "";
let experiment = "";
const PLOT = "runs/2025-02-02T14-41-07-full/plots/val-loss.webp";

before(async () => {
  lab = await mkdtemp(join(tmpdir(), "nightlab-export-"));
  experiment = join(lab, "wärm up $(x) 'q'");
  await cp(join(import.meta.dirname, "../golden/report/long-met"), experiment, { recursive: true });
  await rm(join(experiment, "REPORT.md"));
  const blue = { width: 64, height: 40, channels: 4, background: "#0a58b580" } as const;
  await writeFile(join(experiment, PLOT), await sharp({ create: blue }).webp().toBuffer());
  await renewReport(experiment, { labDir: lab });
});
after(() => rm(lab, { recursive: true }));

const run = (
  to: string,
  more: { readonly out?: string } = {},
  of = experiment,
): Promise<CommandResult> => exportReport(of, { to, cwd: lab, version: "0", ...more });

test("HTML is one file with its pictures, made without a network, and the same each time", async () => {
  const first = await run("html");
  assert.match(
    first.text,
    /REPORT\.html written, with 1 picture\.\nThe picture \S+ is not there, or cannot be read\./,
  );
  assert.equal(first.exitCode, 1);
  const made = await readFile(join(experiment, "REPORT.html"), "utf8");
  assert.match(made, /<img src="data:image\/webp;base64,/);
  assert.match(made, /0\.2990 <a class="cite" href="#source-1"/);
  assert.match(made, /"val\/loss": 0\.2990/);
  assert.match((await run("html")).text, /up to date/);
});

test("links of a file elsewhere lead back to the runs", async () => {
  await mkdir(join(lab, "out"));
  assert.equal((await run("html", { out: "out/a b.html" })).exitCode, 1);
  const made = await readFile(join(lab, "out", "a b.html"), "utf8");
  const folder = encodeURIComponent("wärm up $(x) 'q'").replaceAll("'", "&#x27;");
  assert.ok(made.includes(`href="../${folder}/runs/2025-02-02T14-41-07-full"`));
});

test("a file that nightlab did not write, or that was edited, stays", async () => {
  await writeFile(join(lab, "mine.html"), "<p>mine</p>\n");
  const mine = await run("html", { out: "mine.html" });
  assert.match(mine.text, /mine\.html is there and is not as nightlab wrote it/);
  assert.equal(mine.exitCode, 2);
  assert.equal(await readFile(join(lab, "mine.html"), "utf8"), "<p>mine</p>\n");
  await run("html", { out: "edited.html" });
  await appendFile(join(lab, "edited.html"), "<p>and mine</p>\n");
  assert.equal((await run("html", { out: "edited.html" })).exitCode, 2);
});

test("what is asked wrongly is answered in words", async () => {
  assert.match((await run("docx")).text, /write --to html, --to pdf or --to tex/);
  assert.match((await run("html", {}, lab)).text, /has a JOURNAL\.md/);
  assert.match((await run("html", { out: "." })).text, /it is a folder/);
  assert.match((await run("html", { out: "gone/a.html" })).text, /there is no folder .*gone/);
  const bare = join(lab, "bare");
  await mkdir(bare);
  await writeFile(join(bare, "JOURNAL.md"), "# Bare\n");
  assert.match((await run("html", {}, bare)).text, /no REPORT\.md yet/);
});

test("a page on which not all holds is exported, and says so", async () => {
  const page = join(experiment, "paper.md");
  const report = await readFile(join(experiment, "REPORT.md"), "utf8");
  await writeFile(page, report.replace("## Discussion\n", "## Discussion\n\nWe reach 0.1234.\n"));
  const made = await run("html", {}, page);
  assert.match(made.text, /1 thing on .*paper\.md the logs do not bear out/);
  assert.equal(made.exitCode, 1);
});

/** Whether the converters are to be had; tests say so where they are not. */
function isOffline({ text }: CommandResult): boolean {
  return text.includes("the package registry cannot be reached");
}

test("PDF and TeX are made by the real converters", async (t) => {
  process.env["NIGHTLAB_UV"] = realUv();
  const pdf = await run("pdf", { out: "a b.pdf" });
  if (isOffline(pdf)) {
    t.skip("the package registry cannot be reached, so there are no converters");
    return;
  }
  assert.match(pdf.text, /a b\.pdf written, with 1 picture/);
  const bytes = await readFile(join(lab, "a b.pdf"));
  assert.equal(bytes.toString("latin1", 0, 5), "%PDF-");
  assert.match((await run("pdf", { out: "a b.pdf" })).text, /up to date/);

  const tex = await run("tex", { out: "a b.tex" });
  assert.match(tex.text, /a b\.tex written/);
  const text = await readFile(join(lab, "a b.tex"), "utf8");
  assert.match(text, /\\section\{Abstract\}/);
  assert.match(text, /0\.2990 \\hyperref\[source-1\]|0\.2990\s*\\hyperlink\{source-1\}/);
  const picture = /\{(a-b-figures\/val-loss-[0-9a-f]{12}\.png)\}/.exec(text)?.[1] ?? "";
  assert.equal((await sharp(join(lab, picture)).metadata()).format, "png");
  assert.deepEqual(await readdir(join(lab, "a-b-figures")), [picture.split("/")[1]]);
});

test("without a network the cause is said, and what can be done", async () => {
  const given = { ...process.env };
  process.env["NIGHTLAB_UV"] = realUv();
  process.env["UV_OFFLINE"] = "1";
  process.env["UV_CACHE_DIR"] = join(lab, "empty-cache");
  try {
    const pdf = await run("pdf", { out: "never.pdf" });
    assert.match(pdf.text, /pandoc \(33 MB\) is downloaded on first use.*--to html/s);
    assert.equal(pdf.exitCode, 2);
  } finally {
    for (const name of ["UV_OFFLINE", "UV_CACHE_DIR"]) {
      if (given[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = given[name];
    }
  }
});
