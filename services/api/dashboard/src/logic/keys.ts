// What a key asks for. Keys that are typed into a field are left alone, but for Escape and sending.

export type Wish =
  | "next"
  | "previous"
  | "incident"
  | "claim"
  | "reply"
  | "resolve"
  | "acknowledge"
  | "search"
  | "help"
  | "escape"
  | "send";

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

const WISHES: Record<string, Wish> = {
  j: "next",
  k: "previous",
  i: "incident",
  c: "claim",
  r: "reply",
  e: "resolve",
  a: "acknowledge",
  "/": "search",
  "?": "help",
};

export function wishOf(pressed: Pressed, typing: boolean): Wish | null {
  const { key, ctrlKey, metaKey, altKey } = pressed;
  if (key === "Escape") return "escape";
  if (typing) return key === "Enter" && (ctrlKey || metaKey) ? "send" : null;
  if (ctrlKey || metaKey || altKey) return null;
  return WISHES[key] ?? null;
}

/** The id `by` places further in a list; the first where nothing is chosen. */
export function moved(ids: readonly string[], chosen: string | null, by: number): string | null {
  const at = chosen === null ? -1 : ids.indexOf(chosen);
  if (at < 0) return ids[0] ?? null;
  return ids[Math.min(Math.max(at + by, 0), ids.length - 1)] ?? null;
}
