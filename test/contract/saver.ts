// A process that saves a file as editors do, told by lines of JSON on its standard input.
// It stands for the person: nightlab's own process must not be the writer in these tests.
import {
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  ftruncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createInterface } from "node:readline";
import type { SaveOrder } from "./saver-process.ts";

const [path = ""] = process.argv.slice(2);
let held: number | undefined;

function carryOut(order: SaveOrder): void {
  const until = performance.now() + order.afterMs;
  while (performance.now() < until);
  switch (order.how) {
    case "in-place": {
      const file = openSync(path, "w");
      const half = Math.floor(order.text.length / 2);
      writeSync(file, order.text.slice(0, half));
      writeSync(file, order.text.slice(half));
      closeSync(file);
      return;
    }
    case "rename-over":
      writeFileSync(`${path}.saving`, order.text);
      renameSync(`${path}.saving`, path);
      return;
    case "backup":
      renameSync(path, `${path}~`);
      writeFileSync(path, order.text);
      rmSync(`${path}~`);
      return;
    case "hold":
      held = openSync(path, "r+");
      return;
    case "finish":
      if (held === undefined) throw new Error("Nothing is held");
      ftruncateSync(held);
      writeSync(held, order.text, 0);
      fsyncSync(held);
      closeSync(held);
      held = undefined;
      return;
  }
}

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as SaveOrder;
  try {
    carryOut(order);
    process.stdout.write("saved\n");
  } catch (error) {
    // An editor shows such an error to its user, who saves again: the save did not happen.
    // On one line, whatever the path in its message holds.
    process.stdout.write(`${JSON.stringify(String(error))}\n`);
  }
}
