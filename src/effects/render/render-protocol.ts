// The messages between the daemon (render.ts) and its drawing process (render-child.ts).

export interface RenderRequest {
  /** Repeated in the reply. */
  readonly id: number;
  /** A Vega-Lite spec that holds its own data. */
  readonly spec: object;
}

export type RenderReply =
  | { readonly kind: "drawn"; readonly id: number; readonly webp: Uint8Array }
  | { readonly kind: "refused"; readonly id: number; readonly message: string };
