// Decompresses a gzip'd log as its bytes arrive. It stops at the first invalid byte; everything
// before it has been delivered by then.
import { createGunzip } from "node:zlib";

export interface Unpacker {
  /** Resolves when everything decompressed from these bytes was delivered. Never rejects. */
  feed(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** An unpacker for one log; `onBytes` gets the decompressed bytes in order. */
export function createUnpacker(onBytes: (bytes: Uint8Array) => void): Unpacker {
  const gunzip = createGunzip();
  let stopped = false;
  gunzip.on("data", (bytes: Buffer) => onBytes(bytes));
  gunzip.on("error", () => {
    stopped = true;
  });
  return {
    feed: async (bytes) => {
      if (stopped) return;
      await new Promise<void>((resolve) => {
        gunzip.once("error", () => resolve());
        gunzip.write(bytes, () => resolve());
      });
      gunzip.removeAllListeners("drain");
    },
    close() {
      stopped = true;
      gunzip.destroy();
    },
  };
}
