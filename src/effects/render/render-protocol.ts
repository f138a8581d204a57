// What the daemon and its drawing process say to each other.
// Who starts and ends that process is in render.ts, how it draws in render-child.ts.

export interface RenderRequest {
  readonly id: number;
  /** A Vega-Lite spec that holds its own data. */
  readonly spec: object;
}

export type RenderReply =
  | { readonly kind: "drawn"; readonly id: number; readonly webp: Uint8Array }
  | { readonly kind: "refused"; readonly id: number; readonly message: string };
