// The server marks what matched with <mark> and escapes the rest; we read that as text and never as HTML.

export interface Piece {
  text: string;
  marked: boolean;
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'", "#39": "'", "#34": '"' };

export function pieces(highlight: string): Piece[] {
  const found: Piece[] = [];
  let marked = false;
  for (const part of highlight.split(/(<\/?mark>)/)) {
    if (part === "<mark>") marked = true;
    else if (part === "</mark>") marked = false;
    else if (part) found.push({ text: unescape(part), marked });
  }
  return found;
}

/** The places of `words` in a text, for showing what decided a verdict; case does not count. */
export function markWords(text: string, words: readonly string[]): Piece[] {
  const wanted = [...new Set(words.filter((word) => word.length > 1))].sort((a, b) => b.length - a.length);
  if (!wanted.length) return [{ text, marked: false }];
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(${wanted.map(quoted).join("|")})(?![\\p{L}\\p{N}])`, "giu");
  return text
    .split(pattern)
    .map((part, index) => ({ text: part, marked: index % 2 === 1 }))
    .filter((piece) => piece.text);
}

function quoted(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+");
}

function unescape(text: string): string {
  return text.replace(/&(#?\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}
