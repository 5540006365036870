// The one place that talks HTTP. Answers are the server's; nothing is guessed ahead of it.

/** What the server refused, in its own words; `current` is what holds now (409 and 412). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly remedy: string,
    readonly current: Record<string, unknown> | null,
    /** The fields that are wrong, such as `factor`. */
    readonly fields: readonly string[] = [],
  ) {
    super(detail);
  }
}

export type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

export function queryOf(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const each of value) params.append(name, String(each));
    else if (value !== null && value !== undefined && value !== "") params.append(name, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

/** GET; Problem if refused, and status 0 (`offline`) if nobody answered. */
export async function get<T>(path: string, query: Query = {}): Promise<T> {
  return answer<T>(await reach(`/v1${path}${queryOf(query)}`, { headers: { Accept: "application/json" } }));
}

/** POST with the header that other sites cannot send; `key` makes a repeat act once. */
export async function post<T>(path: string, body: object = {}, key?: string): Promise<T> {
  const headers: Record<string, string> = { "Content-Type": "application/json", "X-Webcare": "1" };
  if (key !== undefined) headers["Idempotency-Key"] = key;
  return answer<T>(await reach(`/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

export async function remove(path: string): Promise<void> {
  const response = await reach(`/v1${path}`, { method: "DELETE", headers: { "X-Webcare": "1" } });
  if (!response.ok) throw await problemOf(response);
}

export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { credentials: "same-origin", cache: "no-store", ...init });
  } catch {
    throw new Problem(0, "offline", "", "", null);
  }
}

async function answer<T>(response: Response): Promise<T> {
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const text = (name: string) => (typeof body[name] === "string" ? body[name] : "");
  const current = typeof body["current"] === "object" ? (body["current"] as Record<string, unknown> | null) : null;
  return new Problem(response.status, text("code"), text("detail"), text("remedy"), current, fieldsOf(body["errors"]));
}

function fieldsOf(errors: unknown): string[] {
  const places = Array.isArray(errors) ? errors.map((error: { loc?: unknown }) => String(error.loc ?? "")) : [];
  return places.map((place) => place.split(".")[1] ?? "").filter(Boolean);
}
