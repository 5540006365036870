// What the api answers with (services/api/views.py). Instants are ISO 8601 in UTC.

export type Urgency = "critical" | "high" | "normal" | "low";
export type ItemState = "waiting" | "claimed" | "done";
export type IncidentState = "triggered" | "acknowledged" | "resolved";

export interface Me {
  name: string;
  display: string;
  roles: string[];
  brands: string[] | null;
  by: "key" | "session" | "open";
  organisation?: string | null;
  timezone?: string;
  /** How people are shown, by their name. */
  people?: Record<string, string>;
  /** The brands that are watched and that this person may see. */
  watched?: string[];
  /** Whether pages are received here, to be looked at; absent: ask. */
  demo?: boolean;
}

export interface Reason {
  code: string;
  words: string[];
  effect: string;
  weight: number;
}

export interface Verdict {
  lang: string;
  sentiment: string | null;
  sentiment_p: number | null;
  urgency: string | null;
  urgency_p: number | null;
  urgency_p_critical: number | null;
  urgency_p_high: number | null;
  intent: string | null;
  intent_p: number | null;
  care: string | null;
  unsure: boolean;
  reasons: Reason[];
  model: string | null;
}

export interface Item {
  id: string;
  brand: string;
  queue: string;
  channel: string;
  source: string;
  author_name: string | null;
  state: ItemState;
  urgency: string;
  unsure: boolean;
  sentiment: string;
  intent: string;
  care: string;
  lang: string;
  priority: number;
  reason: string;
  opened_at: string;
  last_mention_at: string;
  last_mention_id: string;
  excerpt: string;
  mentions: number;
  people: number;
  due_at: string | null;
  overdue: boolean;
  first_reply_at: string | null;
  resolved_at: string | null;
  holder: string | null;
  lease_until: string | null;
  fence: number;
  incident_id: string | null;
  seq: number;
  drill: boolean;
}

export interface Mention {
  id: string;
  revision: number;
  outcome: string;
  reason: string;
  created_at: string;
  text: string;
  author_name: string | null;
  url: string | null;
  verdict: Verdict;
  drill: boolean;
  channel: string;
  item_id: string | null;
  story: string | null;
  /** Why it is in its story's item, or stands apart. */
  story_reason: string;
}

/** What several mentions say; people are counted, not reposts. */
export interface Story {
  id: string;
  brand: string;
  mentions: number;
  people: number;
  channels: Record<string, number>;
  first_at: string;
  last_at: string;
}

export interface StoryMentions {
  story: Story;
  mentions: Mention[];
  next: string | null;
}

export interface Reply {
  id: string;
  item_id: string;
  mention_id: string;
  author: string;
  text: string;
  at: string;
}

export interface AuditRow {
  number: number;
  at: string;
  actor: string;
  method: string;
  action: string;
  subject: string;
  reason: string;
  data: Record<string, unknown>;
}

/** What of a verdict can be corrected. */
export interface Heads {
  urgency: string;
  sentiment: string;
  intent: string;
  care: string;
  lang: string;
}

/** What one person says a verdict should have been; null: nothing about that. */
export interface Correction extends Record<keyof Heads, string | null> {
  person: string;
  at: string;
  revision: number;
  /** A lead said it: it decides where others differ. */
  settles: boolean;
  /** It is about an earlier text. */
  outdated: boolean;
}

export interface MentionCorrections {
  mention_id: string;
  given: Correction[];
  agreed: Partial<Heads>;
  disputed: string[];
}

export interface ItemDetail {
  item: Item;
  mentions: Mention[];
  corrections: MentionCorrections[];
  story: Story | null;
  replies: Reply[];
  audit: AuditRow[];
}

export interface Incident {
  id: string;
  brand: string;
  kind: string;
  state: IncidentState;
  reason: string;
  evidence: Record<string, unknown>;
  opened_at: string;
  first_mention_at: string;
  mentions: number;
  item_id: string | null;
  spike_id: string | null;
  acked_by: string | null;
  acked_at: string | null;
  ack_expires_at: string | null;
  resolved_by: string | null;
  resolved_at: string | null;
  epoch: number;
  seq: number;
  drill: boolean;
}

/** A term that stands out. Shares are of the people, 0..1; copies of one text count once. */
export interface Topic {
  term: string;
  written: string;
  mentions: number;
  people: number;
  share: number;
  share_before: number;
  score: number;
  example: string;
}

/** One side of a comparison; a sample where `read` is less than `mentions`. */
export interface Compared {
  since: string;
  until: string;
  mentions: number;
  read: number;
  people: number;
}

export interface Topics {
  brand: string;
  reason: "stands_out" | "little_history" | "nothing_stands_out" | "no_mentions";
  topics: Topic[];
  now: Compared;
  before: Compared;
}

export interface Attempt {
  n: number;
  started: string;
  ended: string | null;
  outcome: string;
  detail: string;
}

export interface Page {
  id: string;
  incident_id: string | null;
  brand: string;
  kind: string;
  person: string;
  channel: string;
  epoch: number;
  loop: number;
  step: number;
  state: string;
  reason: string;
  due_at: string;
  since: string;
  title: string;
  body: string;
  accepted_at: string | null;
  provider_ref: string | null;
  digest_id: string | null;
  last_resort: boolean;
  drill: boolean;
  sends: Attempt[];
}

export interface IncidentDetail {
  incident: Incident;
  timeline: AuditRow[];
  pages: Page[];
}

export interface Target {
  urgency: string;
  within_s: number;
  next_opening: string | null;
}

export interface Queue {
  queue: string;
  waiting: number;
  claimed: number;
  overdue: number;
  critical: number;
  high: number;
  oldest_at: string | null;
  next_due_at: string | null;
  hours: string | null;
  targets: Target[];
}

export type Phase = "opened" | "growing" | "peaked" | "over";

export interface Spike {
  id: string;
  series: string;
  brand: string;
  opened_at: string;
  told_at: string | null;
  closed_at: string | null;
  phase: Phase;
  direction: "up" | "down";
  evidence: Record<string, unknown>;
  told: SpikeTold;
  incident_id: string | null;
  drill: boolean;
}

/** What was told of a spike last. */
export interface SpikeTold {
  words: Record<"nl" | "en", string> | null;
  per_hour: number | null;
  peak_per_hour: number | null;
  peak_at: string | null;
  channels: { channel: string; seen: number }[];
  stories: { seen: number }[];
  campaign: string | null;
  forecast: ForecastHour[];
}

/** In messages; eight times out of ten it lies from `low` to `high`. */
export interface ForecastHour {
  at: string;
  expected: number;
  low: number;
  high: number;
}

export interface Bar {
  start: string;
  count: number;
  expected: number | null;
  sentiment: Record<string, number>;
  urgency: Record<string, number>;
}

export interface Volume {
  since: string;
  until: string;
  interval_s: number;
  bars: Bar[];
}

export interface Found {
  id: string;
  brand: string;
  channel: string;
  author_name: string | null;
  author_handle: string | null;
  text: string;
  url: string | null;
  created_at: string;
  private: boolean;
  drill: boolean;
  verdict: Verdict;
  highlight: string | null;
}

export interface SearchPage {
  hits: Found[];
  total: number;
  next: string | null;
}

export interface OnCall {
  schedule: string;
  person: string;
  display: string;
  until: string | null;
}

/** Somebody who is paged as well, because of a campaign that runs. */
export interface Extra {
  person: string;
  display: string;
  campaign: string;
  campaign_id: string;
  brand: string;
  until: string;
}

export type CampaignState = "planned" | "running" | "ended";

/** A declared period in which `factor` times as much as usual is expected. */
export interface Campaign {
  id: string;
  name: string;
  brand: string;
  starts_at: string;
  ends_at: string;
  factor: number;
  caution: number;
  people: string[];
  /** One of the configuration cannot be ended here. */
  source: "configuration" | "desk";
  declared_by: string | null;
  declared_at: string | null;
  ended_by: string | null;
}

export interface CampaignList {
  at: string;
  campaigns: Campaign[];
}

/** What is sent to declare one; without `starts_at` it begins at once. */
export interface Declared {
  name: string;
  brand: string;
  starts_at?: string;
  ends_at: string;
  factor: number;
  caution?: number;
  people: string[];
}

export interface Conservation {
  at: string;
  holds: boolean | null;
  figures: Record<string, number>;
  counts: { name: string; reason: string; count: number }[];
}

export interface DemoPage {
  id: string;
  at: string;
  seen: number;
  body: unknown;
}

export interface ItemList {
  at: string;
  items: Item[];
  next: string | null;
}

export interface IncidentList {
  at: string;
  incidents: Incident[];
  next: string | null;
}

export interface ReplyDone {
  reply: Reply;
  item: Item;
}
