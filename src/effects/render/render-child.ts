// The program of the drawing process: it receives a Vega-Lite spec and replies with a WebP image.
// render.ts starts and ends it; only this process loads the large drawing libraries.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Resvg } from "@resvg/resvg-js";
import sharp from "sharp";
import * as vega from "vega";
import { compile } from "vega-lite";
import type { TopLevelSpec } from "vega-lite";
import { fontWidths } from "./font-widths.ts";
import type { RenderReply, RenderRequest } from "./render-protocol.ts";

const FONT = "Inter";
const FONTS = join(import.meta.dirname, "fonts");
const REGULAR = join(FONTS, "Inter-Regular.otf");
const BOLD = join(FONTS, "Inter-SemiBold.otf");
/** Image pixels for each CSS pixel: sharp on a dense screen and in print. */
const SCALE = 2;
/**
 * Lossless with the least search: a third of the time of sharp's defaults, for files that are 12 to
 * 22 % larger.
 */
const WEBP = { lossless: true, effort: 2, quality: 20 };

// No picture is drawn twice, and they are drawn one at a time.
sharp.cache(false);
sharp.concurrency(1);
const regular = fontWidths(readFileSync(REGULAR));
const bold = fontWidths(readFileSync(BOLD));
measureTexts();

process.on("message", (request: RenderRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});
// The channel closes however the daemon ends, SIGKILL included.
process.on("disconnect", () => process.exit(0));

async function answer({ id, spec }: RenderRequest): Promise<RenderReply> {
  try {
    return { kind: "drawn", id, webp: await draw(spec) };
  } catch (error) {
    return { kind: "refused", id, message: error instanceof Error ? error.message : String(error) };
  }
}

async function draw(spec: object): Promise<Uint8Array> {
  const image = rasterize(await toSvg(spec));
  return sharp(image.pixels, { raw: { width: image.width, height: image.height, channels: 4 } })
    .removeAlpha()
    .webp(WEBP)
    .toBuffer();
}

async function toSvg(spec: object): Promise<string> {
  const problems: string[] = [];
  const logger = vega.logger(vega.Error, "error", (_method, _level, messages) => {
    problems.push(messages.map(String).join(" "));
  });
  const { spec: compiled } = compile(spec as TopLevelSpec, { logger });
  // Otherwise the ids of clip paths continue from the last picture, and the bytes differ each time.
  vega.resetSVGDefIds();
  const loader = refusingLoader(problems);
  const view = new vega.View(vega.parse(compiled), { renderer: "none", loader, logger });
  try {
    const svg = await view.toSVG();
    // Vega only logs a problem and draws the rest: better no picture than a wrong one.
    if (problems.length > 0) throw new Error(problems.join("; "));
    return svg;
  } finally {
    view.finalize();
  }
}

/** A loader that reads neither disk nor network: a spec must hold its own data. */
function refusingLoader(problems: string[]): vega.Loader {
  const load = (uri: string): Promise<never> => {
    problems.push(`a plot's spec must hold its own data, and asks for ${uri}`);
    return Promise.reject(new Error(uri));
  };
  return { ...vega.loader(), load, http: load, file: load };
}

function rasterize(svg: string): { pixels: Buffer; width: number; height: number } {
  const image = new Resvg(svg, {
    background: "white",
    fitTo: { mode: "zoom", value: SCALE },
    font: {
      // The bundled fonts give the same image on every machine. System fonts are loaded only for
      // characters that these lack, as in a Chinese metric name.
      loadSystemFonts: !regular.covers(svg),
      fontFiles: [REGULAR, BOLD],
      defaultFontFamily: FONT,
      sansSerifFamily: FONT,
    },
  }).render();
  return { pixels: image.pixels, width: image.width, height: image.height };
}

/**
 * Without a canvas Vega assumes 0.8 em for every character. Overriding its `textMetrics.width`
 * makes it measure with the bundled fonts.
 */
function measureTexts(): void {
  interface TextItem {
    readonly fontSize?: number;
    readonly fontWeight?: number | string;
  }
  interface TextMetrics {
    width: (item: TextItem, text: string | number | null | undefined) => number;
  }
  const { textMetrics } = vega as unknown as { readonly textMetrics: TextMetrics };
  textMetrics.width = (item, text) => {
    const heavy = item.fontWeight === "bold" || Number(item.fontWeight) >= 600;
    const font = heavy ? bold : regular;
    return font.width(String(text ?? "")) * (item.fontSize ?? 11);
  };
}
