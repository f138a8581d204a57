import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert as check, property, string, uint8Array } from "../properties.ts";
import { decodeUtf8 } from "../../src/effects/os/decode-text.ts";
import { looksTorn, readSettled, JOURNAL_BYTES } from "../../src/effects/os/stable-read.ts";
import { hashText } from "../../src/base/ids.ts";
import { NASTY } from "./journal-place.ts";

const folder = mkdtempSync(join(tmpdir(), "nightlab-read-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, `${NASTY}.md`);

test("every byte of a UTF-8 text comes back, a byte-order mark and CRLF too", async () => {
  for (const leases of [true, false]) {
    const text = "\ufeffa\r\nb\rc\n\u0000\t実験 🙂";
    writeFileSync(path, text);
    const read = await readSettled(path, { leases, equalReadsMs: 5 });
    assert.equal(read.kind, "text");
    if (read.kind !== "text") return;
    assert.equal(read.text, text);
    assert.equal(read.hash, hashText(text));
    assert.equal(read.size, Buffer.byteLength(text));
  }
});

test("any bytes either decode so that encoding gives them back, or name the first wrong one", () => {
  check(
    property(uint8Array({ maxLength: 40 }), string({ unit: "binary" }), (tail, head) => {
      const bytes = Buffer.concat([Buffer.from(head), tail]);
      const decoded = decodeUtf8(bytes);
      if (decoded.kind === "text") return Buffer.from(decoded.text).equals(bytes);
      const good = decodeUtf8(bytes.subarray(0, decoded.byteOffset));
      const more = [1, 2, 3, 4].map((n) => decodeUtf8(bytes.subarray(0, decoded.byteOffset + n)));
      return good.kind === "text" && more.every(({ kind }) => kind === "not-utf8");
    }),
    { numRuns: 2_000 },
  );
});

test("a file that is not UTF-8 is unreadable, with the byte's offset", async () => {
  writeFileSync(path, Buffer.from([0x61, 0x62, 0xe9, 0x0a]));
  const latin = await readSettled(path);
  assert.match(latin.kind === "unreadable" ? latin.why : latin.kind, /byte 2 is not UTF-8/);
  writeFileSync(path, Buffer.from("\ufeffhello", "utf16le"));
  const wide = await readSettled(path);
  assert.match(wide.kind === "unreadable" ? wide.why : wide.kind, /UTF-16/);
});

test("absent, a folder, a pipe, a circle of links and a huge file are told apart at once", async () => {
  assert.deepEqual(await readSettled(join(folder, "none.md")), { kind: "absent" });
  assert.equal((await readSettled(folder)).kind, "unreadable");
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  assert.equal((await readSettled(pipe)).kind, "unreadable");
  symlinkSync("circle", join(folder, "circle"));
  assert.equal((await readSettled(join(folder, "circle"))).kind, "unreadable");
  const huge = join(folder, "huge");
  writeFileSync(huge, "");
  truncateSync(huge, JOURNAL_BYTES + 1);
  assert.equal((await readSettled(huge)).kind, "unreadable");
});

test("an empty text and one that lost much are busy for ten seconds, then believed", async () => {
  const now = Date.now();
  writeFileSync(path, "");
  const at = async (ms: number, lastSize?: number): Promise<string> => {
    const clock = { now: () => now + ms, ...(lastSize === undefined ? {} : { lastSize }) };
    return (await readSettled(path, clock)).kind;
  };
  assert.equal(await at(1_000), "busy");
  assert.equal(await at(11_000), "text");
  writeFileSync(path, "x".repeat(7_000));
  assert.equal(await at(1_000, 10_000), "busy");
  assert.equal(await at(12_000, 10_000), "text");
  assert.equal(await at(1_000), "text");
});

test("what looks torn: more than a tenth and more than 1 KB gone", () => {
  assert.notEqual(looksTorn(8_900, 10_000, 0), undefined);
  assert.equal(looksTorn(9_000, 10_000, 0), undefined, "a tenth is not more than a tenth");
  assert.equal(looksTorn(976, 2_000, 0), undefined, "1 KB is not more than 1 KB");
  assert.equal(looksTorn(975, 2_000, 0)?.includes("1025"), true);
  assert.equal(looksTorn(0, 0, 9_999) === undefined, false);
  assert.equal(looksTorn(0, 5_000, -3_600_000), undefined, "a server's clock an hour ahead");
});

test("without leases a file that changes between two reads is busy", async () => {
  writeFileSync(path, "before\n");
  const reading = readSettled(path, { leases: false, equalReadsMs: 30 });
  writeFileSync(path, "after!\n");
  assert.equal((await reading).kind, "busy");
});

test("a broken lease does not end the process", async () => {
  writeFileSync(path, "text\n");
  const script = `
    import { spawn } from "node:child_process";
    import { once } from "node:events";
    import { holdStill } from "${new URL("../../src/effects/os/stable-read.ts", import.meta.url).href}";
    import { readLeaseStands } from "${new URL("../../src/effects/os/native.ts", import.meta.url).href}";
    const path = process.argv[1];
    const code = "require('node:fs').appendFileSync(process.argv[1], 'more')";
    let writer;
    const held = holdStill(path, true, ({ leased, descriptor }) => {
      if (!leased) return "no lease here";
      writer = spawn(process.execPath, ["-e", code, path]);
      const deadline = performance.now() + 5000;
      while (readLeaseStands(descriptor) && performance.now() < deadline);
      return readLeaseStands(descriptor) ? "nobody came" : "broken";
    });
    if (writer) await once(writer, "exit");
    console.log(held.value);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  assert.deepEqual([code, signal], [0, null]);
  assert.match(said, /^(broken|no lease here)$/m);
});
