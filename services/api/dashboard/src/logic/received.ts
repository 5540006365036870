// A page as a webhook receiver got it: title and text, wherever the body keeps them.

export interface ReceivedText {
  title: string;
  body: string;
}

export function receivedText(body: unknown): ReceivedText | null {
  for (const place of [body, inside(body, "data"), inside(body, "page")]) {
    const title = inside(place, "title");
    const text = inside(place, "body") ?? inside(place, "text");
    if (typeof title === "string" && typeof text === "string") return { title, body: text };
  }
  return null;
}

function inside(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
