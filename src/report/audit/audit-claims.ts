// Sentences of a person's own text, and which of them claim something: a question, a plan, a hope
// and a condition do not.

export interface Sentence {
  readonly text: string;
  /** Offset of its first character in the unit that it stands in. */
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

/** Whether a sentence says that something is so. */
export function isClaim(sentence: string): boolean {
  return !NO_CLAIM.test(sentence.replaceAll(/`[^`\n]*`|“[^”]*”|"[^"\n]*"/g, " "));
}
