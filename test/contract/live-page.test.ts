// plots/index.html as a file that is nightlab's or a person's, and as a page in a real browser.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import * as vega from "vega";
import { presentLivePage, renewLivePage } from "../../src/effects/render/live-page.ts";
import { NUMBERS } from "../../src/effects/render/live-page/axis-numbers.ts";
import type { ReportInput } from "../../src/judge/input.ts";
import { input } from "../unit/judge/given.ts";
import { curveRun } from "../unit/judge/made-runs.ts";
import { openBrowser, type Browser, type Page } from "./browser.ts";

const root = await mkdtemp(join(tmpdir(), "nightlab page 'é' $(x) "));
after(() => rm(root, { recursive: true, force: true }));
let made = 0;
async function folder(): Promise<string> {
  made += 1;
  const path = join(root, `exp ${made}`, "plots");
  await mkdir(path, { recursive: true });
  return path;
}

const metrics = [{ key: "val/loss", direction: "min" as const }];
const falling = (from: number): readonly number[] =>
  Array.from({ length: 40 }, (_, i) => from - i / 50);
const two = (name = "wide"): ReportInput =>
  input({ metrics }, [curveRun("base", falling(2)), curveRun(name, falling(3))]);

test("the page is written once, again where a run has more, and the same for the same", async () => {
  const plots = await folder();
  await renewLivePage(plots, two());
  const path = join(plots, "index.html");
  const [first, { mtimeMs }] = [await readFile(path, "utf8"), await stat(path)];
  await renewLivePage(plots, two());
  assert.equal((await stat(path)).mtimeMs, mtimeMs);
  await renewLivePage(plots, two("deep"));
  assert.notEqual(await readFile(path, "utf8"), first);
  await renewLivePage(plots, two());
  assert.equal(await readFile(path, "utf8"), first);
  assert.deepEqual(await readdir(plots), ["index.html"]);
  assert.equal(await presentLivePage(plots), "index.html");
});

test("the licences of what is in it stand in it, and no font is", async () => {
  const plots = await folder();
  await renewLivePage(plots, two());
  const page = await readFile(join(plots, "index.html"), "utf8");
  const notices = new URL("../../src/effects/render/live-page/vega-notices.txt", import.meta.url);
  assert.ok(page.includes(`<script>/*!\n${await readFile(notices, "utf8")}*/\n`));
  assert.doesNotMatch(page, /@font-face|data:font/);
});

test("nothing is written where no run has a curve", async () => {
  const plots = join(root, "none", "plots");
  await renewLivePage(plots, input({ metrics }, []));
  assert.equal(await presentLivePage(plots), undefined);
});

for (const [whose, change] of [
  ["a person's own", () => "<!doctype html>\n<p>mine</p>\n"],
  ["one that a person changed", (text: string) => text.replace("val/loss", "my loss")],
] as const) {
  test(`${whose} index.html stays, and the page stands beside it`, async () => {
    const plots = await folder();
    await renewLivePage(plots, two());
    const path = join(plots, "index.html");
    const theirs = change(await readFile(path, "utf8"));
    await writeFile(path, theirs);
    await renewLivePage(plots, two("deep"));
    assert.equal(await readFile(path, "utf8"), theirs);
    assert.match(await readFile(join(plots, "index.nightlab.html"), "utf8"), /deep/);
  });
}

/** A chart whose y axis goes from one number to another, as SVG. */
async function axis(from: number, to: number): Promise<string> {
  const spec = {
    width: 300,
    height: 300,
    scales: [{ name: "y", type: "linear", range: "height", domain: [from, to], zero: false }],
    axes: [{ orient: "left", scale: "y", tickCount: 5, encode: NUMBERS }],
  };
  return new vega.View(vega.parse(spec as vega.Spec)).toSVG();
}

test("axes say their numbers as a person would write them", async () => {
  const negative = await axis(-200, 0);
  assert.match(negative, />\u2212100</);
  assert.doesNotMatch(negative, /e\+/);
  assert.match(await axis(0, 2e14), />1e\+14</);
  assert.match(await axis(0.001, 0.0011), />0\.00102</);
});

test("line ends that git changed do not make it a person's", async () => {
  const plots = await folder();
  await renewLivePage(plots, two());
  const path = join(plots, "index.html");
  await writeFile(path, (await readFile(path, "utf8")).replaceAll("\n", "\r\n"));
  await renewLivePage(plots, two("deep"));
  assert.deepEqual(await readdir(plots), ["index.html"]);
});

/** Pixels of the first chart that have nearly this colour. */
const ink = (color: readonly number[]): string => `(() => {
  const canvas = document.querySelector(".chart canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    const near = [${color.join(",")}].every((one, k) => Math.abs(data[i + k] - one) < 24);
    if (near && data[i + 3] > 200) count += 1;
  }
  return count;
})()`;
const BLUE = [0, 114, 178];
const ORANGE = [230, 159, 0];
const picture = `document.querySelector(".chart canvas").toDataURL()`;
const PLACE = `(() => {
  const { left, top, width, height } = document.querySelector(".chart canvas").getBoundingClientRect();
  return { left, top, width, height };
})()`;
const boxes = `document.querySelectorAll("#runs > li > .row input")`;
const tip = `document.querySelector("#tip")`;

describe("in a browser", () => {
  let browser: Browser | undefined;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser?.close());
  const opened = async (t: TestContext, given: ReportInput): Promise<Page | undefined> => {
    if (browser === undefined) {
      t.skip("no Chromium can be had on this machine");
      return undefined;
    }
    const plots = await folder();
    await renewLivePage(plots, given);
    const page = await browser.open(pathToFileURL(join(plots, "index.html")).href);
    await page.until(`document.body?.dataset.drawn !== undefined`);
    return page;
  };

  test("it draws its charts, and asks the network for nothing", async (t) => {
    const page = await opened(t, two());
    if (page === undefined) return;
    assert.equal(await page.ask("document.body.dataset.drawn"), "2");
    assert.equal(await page.ask("document.querySelectorAll('figure canvas').length"), 2);
    // The page is higher than the window: its scroll bar takes no part of a chart away.
    assert.equal(await page.ask(`document.documentElement.scrollHeight > innerHeight`), true);
    const fits = `[...document.querySelectorAll(".chart")].every(
      (chart) => chart.querySelector("canvas").getBoundingClientRect().width <= chart.clientWidth,
    )`;
    assert.equal(await page.ask(fits), true);
    assert.ok((await page.ask<number>(ink(BLUE))) > 100);
    assert.deepEqual(page.troubles, []);
  });

  test("a run can be hidden, and shown alone", async (t) => {
    const page = await opened(t, two());
    if (page === undefined) return;
    await page.ask(`${boxes}[0].click()`);
    await page.until(`${ink(BLUE)} === 0 && ${ink(ORANGE)} > 100`);
    assert.equal(await page.ask(`document.querySelector("#count").textContent`), "1 of 2 shown");
    await page.ask(`document.querySelectorAll(".only")[0].click()`);
    await page.until(`${ink(BLUE)} > 100 && ${ink(ORANGE)} === 0`);
    assert.deepEqual(page.troubles, []);
  });

  test("the pointer is told the value, the step and the run", async (t) => {
    const page = await opened(t, two());
    if (page === undefined) return;
    const { left, top, width, height } = await page.ask<DOMRectLike>(PLACE);
    for (let y = top + 20; y < top + height - 60; y += 12) {
      await page.mouse("mouseMoved", left + width / 2, y);
      await page.ask("new Promise((done) => requestAnimationFrame(() => done(1)))");
      if (!(await page.ask<boolean>(`${tip}.hidden`))) break;
    }
    await page.until(`!${tip}.hidden`);
    const told = await page.ask<string>(`${tip}.innerText`);
    assert.match(told, /^val\/loss \d\.\d+\nstep \d+\nwide\n2025-02-02T14-30-00-wide$/);
    assert.deepEqual(page.troubles, []);
  });

  test("a box drawn with the mouse is looked at closer, a double click shows all again", async (t) => {
    const page = await opened(t, two());
    if (page === undefined) return;
    const whole = await page.ask<string>(picture);
    const { left, top, width, height } = await page.ask<DOMRectLike>(PLACE);
    await page.mouse("mousePressed", left + width * 0.4, top + height * 0.2);
    await page.mouse("mouseMoved", left + width * 0.6, top + height * 0.6);
    await page.mouse("mouseReleased", left + width * 0.6, top + height * 0.6);
    await page.mouse("mouseMoved", 5, 5);
    // The box holds the upper line alone.
    await page.until(`${tip}.hidden && ${ink(BLUE)} === 0 && ${ink(ORANGE)} > 100`);
    await page.ask(
      `document.querySelector(".chart canvas").dispatchEvent(new MouseEvent("dblclick", { bubbles: true }))`,
    );
    await page.until(`${picture} === ${JSON.stringify(whole)}`);
    assert.deepEqual(page.troubles, []);
  });

  test("on a dark screen it is dark, from the moment at which that changes", async (t) => {
    const page = await opened(t, two());
    if (page === undefined) return;
    const ground = `getComputedStyle(document.body).backgroundColor`;
    assert.equal(await page.ask(ground), "rgb(255, 255, 255)");
    await page.scheme("dark");
    await page.until(`${ground} === "rgb(13, 17, 23)"`);
    await page.until(`${ink([79, 163, 219])} > 100`);
    assert.deepEqual(page.troubles, []);
  });

  test("names that look like code are only names", async (t) => {
    const evil = `</script><script>document.title="hit"</script><img src=x onerror='document.title="hit"'>`;
    const given = two();
    const runs = given.runs.map((run, i) => ({ ...run, name: `${evil}${i}`, folder: evil }));
    const page = await opened(t, { ...given, experiment: `"><b>${evil}`, runs });
    if (page === undefined) return;
    assert.match(await page.ask<string>("document.title"), /^"><b><\/script>/);
    assert.equal(await page.ask("document.images.length + document.scripts.length"), 3);
    assert.ok((await page.ask<string>(`document.querySelector("#runs").innerText`)).includes(evil));
    assert.deepEqual(page.troubles, []);
  });
});

interface DOMRectLike {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}
