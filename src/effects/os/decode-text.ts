// Decodes UTF-8 strictly: encoding the text gives the same bytes, or the answer is where decoding
// fails. Nothing is repaired: a file in another encoding is for its author to convert.

import { isUtf8 } from "node:buffer";

export type Decoded =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "not-utf8"; readonly byteOffset: number };

/** Decodes UTF-8 exactly; a byte-order mark stays in the text as U+FEFF. */
export function decodeUtf8(bytes: Uint8Array): Decoded {
  if (!isUtf8(bytes)) return { kind: "not-utf8", byteOffset: firstInvalidByte(bytes) };
  // Not by a TextDecoder, which takes four times as long.
  const { buffer, byteOffset, length } = bytes;
  return { kind: "text", text: Buffer.from(buffer, byteOffset, length).toString("utf8") };
}

/** Offset of the first byte of the first ill-formed sequence (Unicode 16, table 3-7). */
function firstInvalidByte(bytes: Uint8Array): number {
  let offset = 0;
  while (offset < bytes.length) {
    const length = sequenceLength(bytes, offset);
    if (length === 0) return offset;
    offset += length;
  }
  return offset;
}

/** Length in bytes of the well-formed sequence at an offset; 0 where there is none. */
function sequenceLength(bytes: Uint8Array, offset: number): number {
  const lead = bytes[offset] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // Overlong forms, surrogates and code points past U+10FFFF show in the second byte.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[offset + 1] ?? 0;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i += 1) {
    if (((bytes[offset + i] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}
