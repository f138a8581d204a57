// Unpacks a gzip'd log as its bytes arrive, a piece at a time.
// What cannot be unpacked ends there: what came before it has been handed on.
import { createGunzip } from "node:zlib";

export interface Unpacker {
  /** Resolves when all that these bytes hold has been handed on. Never rejects. */
  feed(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** `onBytes` gets the unpacked bytes in order. */
export function createUnpacker(onBytes: (bytes: Uint8Array) => void): Unpacker {
  const gunzip = createGunzip();
  let over = false;
  gunzip.on("data", (bytes: Buffer) => onBytes(bytes));
  gunzip.on("error", () => {
    over = true;
  });
  return {
    feed: async (bytes) => {
      if (over) return;
      await new Promise<void>((resolve) => {
        gunzip.once("error", () => resolve());
        gunzip.write(bytes, () => resolve());
      });
      gunzip.removeAllListeners("drain");
    },
    close() {
      over = true;
      gunzip.destroy();
    },
  };
}
