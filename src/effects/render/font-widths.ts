// The width of a text in a given font, so that Vega's layout matches what resvg draws later.
// Kerning is ignored: it changes a width by one percent at most.
//
// The tables are those of the OpenType specification 1.9: cmap (format 4), hmtx, hhea, head.

export interface FontWidths {
  /** Width of a text in em: 1 is the font size. */
  readonly width: (text: string) => number;
  /** Whether the font has a glyph for every character of a text. */
  readonly covers: (text: string) => boolean;
}

/** Width in em of a character that the font lacks: most such scripts (CJK) are square. */
const UNKNOWN_EM = 1;

/** Reads the advance widths of a TrueType or OpenType font. Throws if a table is missing. */
export function fontWidths(font: Buffer): FontWidths {
  const unitsPerEm = font.readUInt16BE(tableAt(font, "head") + 18);
  const metrics = font.readUInt16BE(tableAt(font, "hhea") + 34);
  const hmtx = tableAt(font, "hmtx");
  const advances = new Map<number, number>();
  for (const [code, glyph] of glyphsOf(font, tableAt(font, "cmap"))) {
    // hmtx may be shorter than the list of glyphs: the rest share the last width.
    const entry = hmtx + 4 * Math.min(glyph, metrics - 1);
    advances.set(code, font.readUInt16BE(entry) / unitsPerEm);
  }
  return {
    width: (text) => {
      let width = 0;
      for (const letter of text) width += advances.get(letter.codePointAt(0) ?? 0) ?? UNKNOWN_EM;
      return width;
    },
    covers: (text) => {
      for (const letter of text) {
        if (letter > " " && !advances.has(letter.codePointAt(0) ?? 0)) return false;
      }
      return true;
    },
  };
}

/** Byte offset of a table. */
function tableAt(font: Buffer, tag: string): number {
  const tables = font.readUInt16BE(4);
  for (let i = 0; i < tables; i += 1) {
    const record = 12 + 16 * i;
    if (font.toString("latin1", record, record + 4) === tag) return font.readUInt32BE(record + 8);
  }
  throw new Error(`Cannot read the widths of a font: it has no table "${tag}"`);
}

/** Glyph index by code point, for the Basic Multilingual Plane. */
function glyphsOf(font: Buffer, cmap: number): ReadonlyMap<number, number> {
  const tables = font.readUInt16BE(cmap + 2);
  for (let i = 0; i < tables; i += 1) {
    const table = cmap + font.readUInt32BE(cmap + 4 + 8 * i + 4);
    if (font.readUInt16BE(table) === 4) return segments(font, table);
  }
  throw new Error("Cannot read the widths of a font: it has no character map of format 4");
}

/** Reads the segments of a `cmap` subtable of format 4. */
function segments(font: Buffer, table: number): ReadonlyMap<number, number> {
  const glyphs = new Map<number, number>();
  const size = font.readUInt16BE(table + 6);
  for (let at = 0; at < size; at += 2) {
    const end = font.readUInt16BE(table + 14 + at);
    const start = font.readUInt16BE(table + 16 + size + at);
    const delta = font.readUInt16BE(table + 16 + 2 * size + at);
    const rangeAt = table + 16 + 3 * size + at;
    const range = font.readUInt16BE(rangeAt);
    for (let code = start; code <= end && code !== 0xff_ff; code += 1) {
      const listed = range === 0 ? code : font.readUInt16BE(rangeAt + range + 2 * (code - start));
      if (listed !== 0) glyphs.set(code, (listed + delta) & 0xff_ff);
    }
  }
  return glyphs;
}
