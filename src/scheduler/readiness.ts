// The answer to "may this command start now?", as every condition gives it.

export type Condition = Readiness | { readonly kind: "skip"; readonly reason: string };

export type Readiness =
  | { readonly kind: "ready" }
  | { readonly kind: "wait"; readonly reason: string }
  | { readonly kind: "hold"; readonly reason: string };

export const READY: Readiness = { kind: "ready" };
