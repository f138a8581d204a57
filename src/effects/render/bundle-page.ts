// The script of the live page: the modules of live-page/ as one file, for a page that is opened from
// a folder (file:) cannot import modules. The package holds it ready; only a checkout has esbuild.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../os/error-code.ts";

const FOLDER = join(import.meta.dirname, "live-page");
/** The bundle beside page.css in the package; bin/build.js writes it. */
const BUILT = join(FOLDER, "page.js");

/** The page's script: as it was built, or, in a checkout, bundled from what is there now. */
export async function pageScript(): Promise<string> {
  try {
    return await readFile(BUILT, "utf8");
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return bundledPage();
  }
}

/** Bundles the page's script from its sources; the same bytes for the same sources. */
export async function bundledPage(): Promise<string> {
  const { build, stop } = await import("esbuild");
  try {
    const { outputFiles } = await build({
      entryPoints: [join(FOLDER, "page.ts")],
      bundle: true,
      write: false,
      format: "iife",
      target: "es2022",
      charset: "utf8",
      minify: true,
      logLevel: "silent",
    });
    return outputFiles.map(({ text }) => text).join("");
  } finally {
    // Its service is a process of its own, which would stay.
    await stop();
  }
}
