// The map of a sweep over two options: a cell per setting, coloured by the mean of its shown runs.
// A sweep over one option is drawn in values.browser.js.
import { draw, figure, placeIn, said, tell, widthOf } from "./elements.browser.js";
import { INK, PALETTE, theme } from "./look.browser.js";
import { page, shown } from "./page-data.browser.js";

const byNumber = (a, b) => (Number.isFinite(a - b) ? a - b : a < b ? -1 : a > b ? 1 : 0);

const inside = (start, size, place) => place >= start && place <= start + size;

const mapSpec = ({ given, width, columns, lines }) => {
  const ink = INK[theme()];
  const place = {
    x: { scale: "x", field: "x" },
    y: { scale: "y", field: "y" },
    width: { scale: "x", band: 1 },
    height: { scale: "y", band: 1 },
  };
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    width,
    height: Math.min(420, 60 + 44 * lines.length),
    padding: { left: 6, top: 6, right: 22, bottom: 6 },
    autosize: { type: "fit", contains: "padding" },
    data: [{ name: "rows", values: [] }],
    scales: [
      { name: "x", type: "band", range: "width", domain: columns, padding: 0.02 },
      { name: "y", type: "band", range: "height", domain: lines, padding: 0.02 },
      {
        name: "color",
        type: "linear",
        range: [ink.cell, PALETTE[theme()][0]],
        interpolate: "rgb",
        domain: { data: "rows", field: "mean" },
        zero: false,
      },
    ],
    axes: [
      { orient: "bottom", scale: "x", title: given.at[0], domain: false, ticks: false },
      { orient: "left", scale: "y", title: given.at[1], domain: false, ticks: false },
    ],
    marks: [
      {
        type: "rect",
        from: { data: "rows" },
        encode: {
          update: {
            ...place,
            fill: { scale: "color", field: "mean" },
            fillOpacity: { value: 0.75 },
          },
        },
      },
      {
        type: "text",
        from: { data: "rows" },
        encode: {
          update: {
            x: { scale: "x", field: "x", band: 0.5 },
            y: { scale: "y", field: "y", band: 0.5 },
            align: { value: "center" },
            baseline: { value: "middle" },
            fill: { value: ink.text },
            text: { field: "told" },
          },
        },
      },
    ],
  };
};

export const mapChart = (given) => {
  const holder = figure(given.title, given.caption, []);
  let view;
  const cells = () => {
    const found = new Map();
    for (const { r, v, at } of given.dots) {
      if (!shown.has(r)) continue;
      const key = JSON.stringify(at);
      const cell = found.get(key) ?? { x: at[0], y: at[1], values: [], runs: [] };
      cell.values.push(v);
      cell.runs.push(page.runs[r].folder);
      found.set(key, cell);
    }
    return [...found.values()].map((cell) => {
      const mean = cell.values.reduce((a, b) => a + b, 0) / cell.values.length;
      return { ...cell, mean, told: String(Number(mean.toPrecision(4))) };
    });
  };
  const update = () => view.data("rows", cells()).run();
  holder.addEventListener("pointermove", (event) => {
    const at = placeIn(view, holder, event);
    const [x, y] = [view.scale("x"), view.scale("y")];
    const cell = view
      .data("rows")
      .find(
        (one) => inside(x(one.x), x.bandwidth(), at.x) && inside(y(one.y), y.bandwidth(), at.y),
      );
    if (cell === undefined) return tell(event);
    const [a, b] = given.at;
    const runs = cell.runs.slice(0, 4);
    const more = cell.runs.length > 4 ? [`and ${cell.runs.length - 4} more`] : [];
    tell(event, [
      `${given.name} ${said(cell.mean)}`,
      `${a} ${cell.x}, ${b} ${cell.y}`,
      ...runs,
      ...more,
    ]);
  });
  holder.addEventListener("pointerleave", (event) => tell(event));
  return {
    rebuild() {
      view?.finalize();
      const values = (i) => [...new Set(given.dots.map(({ at }) => at[i]))].toSorted(byNumber);
      const spec = mapSpec({
        given,
        width: widthOf(holder),
        columns: values(0),
        lines: values(1),
      });
      view = draw(holder, spec, cells());
    },
    update,
    resize: () => view.width(widthOf(holder)).run(),
  };
};
