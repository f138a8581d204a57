// Sentences of a person's own text, and which of them are claims: questions, plans, hopes and
// conditions are not. Whether a claim is true is for audit-free.ts and audit-journal.ts.

export interface Sentence {
  readonly text: string;
  /** Offset of its first character in the text of its unit. */
  readonly at: number;
}

/** The sentences of a text, its list marks and tags included. Linear in its length. */
export function sentencesOf(text: string): readonly Sentence[] {
  const found: Sentence[] = [];
  let from = 0;
  for (const match of text.matchAll(/[.!?]["”’)]?(?=\s+[^\p{Ll}\s])/gu)) {
    const end = match.index + match[0].length;
    found.push({ text: text.slice(from, end), at: from });
    from = end;
  }
  if (text.slice(from).trim() !== "") found.push({ text: text.slice(from), at: from });
  return found;
}

const NO_CLAIM =
  /\?|\[(?:HUNCH|TODO)\]|\b(?:if|whether|unless|until|before|should|would|could|may|might|must|will|shall|can|let us|expect\w*|hop(?:e|es|ed|ing)|guess\w*|maybe|perhaps|probably|likely|aim\w*|target\w*|goal|want\w*|need\w*|try|plan\w*|predict\w*|suppos\w*|assum\w*|wonder\w*|suspect\w*|seems?|looks?|feels?|think|paper|published|literature|elsewhere|somebody|others)\b|’ll\b|'ll\b|let['’]s/iu;

const QUOTES = /`[^`\n]*`|“[^”]*”|"[^"\n]*"/g;

/** Whether a sentence states something as a fact. */
export function isClaim(sentence: string): boolean {
  return !NO_CLAIM.test(sentence.replaceAll(QUOTES, " "));
}

/** The text with code and quotations blanked out; all offsets stay the same. */
export function withoutQuotes(text: string): string {
  return text.replaceAll(QUOTES, (inside) => " ".repeat(inside.length));
}
