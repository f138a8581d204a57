// The answer to "may this command start now?" that every condition gives.
// start.ts and accept-commands.ts turn answers into states.

/** As Readiness; `skip`: the command never starts. */
export type Condition = Readiness | { readonly kind: "skip"; readonly reason: string };

/** `wait`: it may become ready by itself. `hold`: the user has to act. Reasons are one line. */
export type Readiness =
  | { readonly kind: "ready" }
  | { readonly kind: "wait"; readonly reason: string }
  | { readonly kind: "hold"; readonly reason: string };

export const READY: Readiness = { kind: "ready" };
