// A drawing process that does what the spec tells it, to see how render.ts bears with it.
// It answers like render-child.ts, with its own pid in place of an image.
import type { RenderReply, RenderRequest } from "../../src/effects/render/render-protocol.ts";

process.on("message", ({ id, spec }: RenderRequest) => {
  const { act } = spec as { readonly act: "answer" | "die" | "hang" };
  if (act === "die") process.exit(3);
  if (act === "hang") return;
  const reply: RenderReply = { kind: "drawn", id, webp: Buffer.from(String(process.pid)) };
  process.send?.(reply);
});
process.on("disconnect", () => process.exit(0));
