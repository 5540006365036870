// How long a message may be where it goes.

const LIMITS: Record<string, number> = { x: 280, bluesky: 300, mastodon: 500, instagram: 2_200, whatsapp: 4_096 };

/** The most characters a channel takes; null where we know of no limit. */
export function limitOf(channel: string): number | null {
  return LIMITS[channel] ?? null;
}
