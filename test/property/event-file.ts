// Writes event files as TensorFlow does, for tests; checksums are left at 0.

interface Scalar {
  readonly step: number;
  readonly tag: string;
  readonly value: number;
}

/** The bytes of an event file: its version record, then one scalar a record. */
export function eventFile(scalars: readonly Scalar[]): Uint8Array {
  const version = field(3, Buffer.from("brain.Event:2"));
  return Buffer.concat([
    record(version),
    ...scalars.map(({ step, tag, value }) => {
      const simple = Buffer.alloc(5);
      simple[0] = (2 << 3) | 5;
      simple.writeFloatLE(value, 1);
      const summary = field(1, Buffer.concat([field(1, Buffer.from(tag)), simple]));
      const time = Buffer.alloc(9);
      time[0] = (1 << 3) | 1;
      time.writeDoubleLE(1_700_000_000.5, 1);
      const at = Buffer.concat([Buffer.from([2 << 3]), varint(step)]);
      return record(Buffer.concat([time, at, field(5, summary)]));
    }),
  ]);
}

function record(data: Uint8Array): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(data.length, 0);
  return Buffer.concat([head, data, Buffer.alloc(4)]);
}

const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
