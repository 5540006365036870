// What stands out in some mentions, in sentences.

import type { Compared, Topic, Topics } from "../api/types.ts";
import type { Say } from "../words.ts";
import { figure, percent } from "./figures.ts";
import type { Lang } from "./time.ts";

const HARDLY = 0.005;
const ALL = 0.995;

/** How many say it now, and how many used to; nothing where one person says all. */
export function rate(topic: Topic, topics: Topics, say: Say): string {
  if (topics.now.people < 2) return "";
  const n = percent(topic.share);
  if (topic.share_before < HARDLY) return say(topic.share > ALL ? "topic_all" : "topic_new", { n });
  return say("topic_more", { n, m: percent(topic.share_before) });
}

/** Why there is nothing to show, or what to mind; empty where there is nothing to say. */
export function caution(topics: Topics, say: Say): string {
  return topics.reason === "stands_out" ? "" : say(`topics_${topics.reason}`);
}

/** What was compared with what. */
export function basis(topics: Topics, say: Say, lang: Lang): string {
  return say("topics_basis", { now: read(topics.now, say, lang), before: read(topics.before, say, lang) });
}

function read(side: Compared, say: Say, lang: Lang): string {
  if (side.read === side.mentions) return figure(side.mentions, lang);
  return say("topics_sample", { read: figure(side.read, lang), all: figure(side.mentions, lang) });
}

/** A term as the search takes it. */
export function asQuestion(topic: Topic): string {
  return `"${topic.term}"`;
}
