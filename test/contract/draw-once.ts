// A program that draws one plot and comes to its end, or with `stay` waits to be killed.
// It says so on its standard output when the plot is there.
import { createRenderer } from "../../src/effects/render/render.ts";
import { metricSpec } from "../../src/report/plots/plot-spec.ts";
import { madeSeries } from "../unit/judge/made-series.ts";

const renderer = createRenderer({ idleMs: 600_000 });
const series = madeSeries("loss", [3, 2, 1]);
const spec = metricSpec({ series, runTitle: "de-risk", findings: [], file: "logs/train.log" });
const { webp } = await renderer.render(spec);
process.stdout.write(`drawn ${webp.length}\n`);
if (process.argv[2] === "stay") setInterval(() => undefined, 1_000);
