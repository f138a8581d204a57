// TensorBoard's event files: TFRecords that each hold one Event message, of which the scalars are
// read. Checksums are not verified; a record that is not complete yet waits for its rest.
//
// Formats: tensorflow/core/lib/io/record_writer.h (length, its CRC, data, its CRC; little endian),
// and TensorFlow's event.proto, summary.proto and tensor.proto.
import type { FileUnread } from "../lines/unread-lines.ts";
import type { RecordReading } from "../record-reading.ts";
import type { MetricSink } from "../series/metric-sink.ts";

/** A longer record holds an image or a graph, and no scalar: it is skipped. */
const EVENT_BYTES = 1 << 20;

/** Whether a file of this name is an event file. */
export const isEventFile = (name: string): boolean => name.includes("tfevents");

/** Bytes before the data of a record, and after it. */
const HEADER = 12;
const FOOTER = 4;

/** A reader of the event file named `file`, which gives its scalars to `sink`. */
export function createEventReading(file: string, sink: MetricSink): RecordReading {
  const records = new Records(file, sink);
  return {
    feed: (bytes) => records.feed(bytes),
    finish: () => records.finish(),
    unread: () => records.unread(),
    lines: () => records.count,
    bytes: () => records.position,
  };
}

class Records {
  readonly #file: string;
  readonly #sink: MetricSink;
  /** Records so far. */
  count = 0;
  /** Bytes fed so far. */
  position = 0;
  /** Where in the file the next record begins. */
  #offset = 0;
  /** The beginning of a record that is not complete yet. */
  #held = new Uint8Array(0);
  /** Bytes that are left to skip of a record that is too large to hold scalars. */
  #skip = 0;
  #unread = 0;
  /** A length was impossible: nothing after it can be read. */
  #isBroken = false;

  constructor(file: string, sink: MetricSink) {
    this.#file = file;
    this.#sink = sink;
  }

  feed(given: Uint8Array): void {
    this.position += given.length;
    if (this.#isBroken) return;
    const skipped = Math.min(this.#skip, given.length);
    this.#skip -= skipped;
    this.#offset += skipped;
    const bytes = joined(this.#held, given.subarray(skipped));
    let at = 0;
    for (let taken = this.#take(bytes, at); taken > 0; taken = this.#take(bytes, at)) {
      at += taken;
      this.#offset += taken;
    }
    this.#held = this.#isBroken ? new Uint8Array(0) : bytes.slice(at);
  }

  finish(): void {
    this.#held = new Uint8Array(0);
  }

  unread(): FileUnread {
    const [file, count, line, offset] = [this.#file, this.#unread, this.count, this.#offset];
    const text = "a record that is no event";
    return { count, samples: count > 0 ? [{ file, line, offset, text }] : [] };
  }

  /** Reads the record at `at`; how many bytes to go on by, 0 when it is not complete. */
  #take(bytes: Uint8Array, at: number): number {
    const left = bytes.length - at;
    if (left < HEADER) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER);
    const length = view.getUint32(0, true);
    // The upper half of a length that has 64 bits.
    if (view.getUint32(4, true) > 0) {
      this.#isBroken = true;
      this.#unread += 1;
      return 0;
    }
    const whole = HEADER + length + FOOTER;
    if (length > EVENT_BYTES) {
      this.count += 1;
      this.#skip = Math.max(0, whole - left);
      return Math.min(whole, left);
    }
    if (left < whole) return 0;
    this.count += 1;
    const data = bytes.subarray(at + HEADER, at + HEADER + length);
    if (!readEvent(data, this.count, this.#offset, this.#sink)) this.#unread += 1;
    return whole;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

interface Field {
  readonly number: number;
  /** The value of a varint; NaN for all other wire types. */
  readonly value: number;
  /** The bytes of a field that is no varint. */
  readonly bytes: Uint8Array;
}

/** The fields of a protobuf message; undefined when the bytes are none. Never throws. */
function fieldsOf(bytes: Uint8Array): readonly Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 10 && at < bytes.length; shift += 1) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === 0) {
      fields.push({ number, value: varint(), bytes: bytes.subarray(0, 0) });
      continue;
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? varint() : Number.NaN;
    if (!(length >= 0) || at + length > bytes.length) return undefined;
    fields.push({ number, value: Number.NaN, bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Event: 1 wall_time (double, s), 2 step, 5 summary. False when the bytes are no Event. */
function readEvent(data: Uint8Array, record: number, offset: number, sink: MetricSink): boolean {
  const fields = fieldsOf(data);
  if (fields === undefined) return false;
  const time = fields.find(({ number, bytes }) => number === 1 && bytes.length === 8);
  const step = fields.find(({ number }) => number === 2)?.value ?? 0;
  const seconds = time === undefined ? Number.NaN : viewOf(time.bytes).getFloat64(0, true);
  let any = false;
  for (const summary of fields.filter(({ number }) => number === 5)) {
    for (const value of fieldsOf(summary.bytes) ?? []) {
      const scalar = value.number === 1 ? scalarOf(value.bytes) : undefined;
      if (scalar === undefined) continue;
      const store = sink.storeOf(scalar.tag);
      if (store === undefined) continue;
      // Event times are UTC and logs name no zone, but only the order of stamps is compared.
      sink.begin(record, offset, Math.floor(seconds * 1000));
      if (Number.isFinite(step)) sink.setStep("step", step);
      sink.incoming.value = Number(scalar.token);
      sink.incoming.token = scalar.token;
      sink.add(store, "sure");
      any = true;
    }
  }
  if (any) sink.end();
  return true;
}

/** Summary.Value: 1 tag, 2 simple_value (float), 8 tensor. */
function scalarOf(bytes: Uint8Array): { tag: string; token: string } | undefined {
  const fields = fieldsOf(bytes) ?? [];
  const name = fields.find(({ number }) => number === 1);
  if (name === undefined) return undefined;
  const tag = Buffer.from(name.bytes).toString("utf8").slice(0, 200);
  const simple = fields.find((field) => field.number === 2 && field.bytes.length === 4);
  const tensor = fields.find((field) => field.number === 8);
  const token =
    simple !== undefined
      ? floatToken(viewOf(simple.bytes).getFloat32(0, true))
      : tensor === undefined
        ? undefined
        : tensorToken(tensor.bytes);
  return token === undefined ? undefined : { tag, token };
}

/** TensorProto with one number: 1 dtype (1 float, 2 double), 4 content, 5 floats, 6 doubles. */
function tensorToken(bytes: Uint8Array): string | undefined {
  const fields = fieldsOf(bytes) ?? [];
  const dtype = fields.find(({ number }) => number === 1)?.value;
  const own = dtype === 1 ? 5 : 6;
  const size = dtype === 1 ? 4 : 8;
  if (dtype !== 1 && dtype !== 2) return undefined;
  const data = fields.find(
    (field) => [4, own].includes(field.number) && field.bytes.length === size,
  );
  if (data === undefined) return undefined;
  const view = viewOf(data.bytes);
  return dtype === 1 ? floatToken(view.getFloat32(0, true)) : String(view.getFloat64(0, true));
}

/** The shortest decimal of this 32-bit float: the file holds no token, and 0.1 was meant. */
function floatToken(value: number): string {
  for (let digits = 6; digits <= 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}
