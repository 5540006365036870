// Every word on the page, Dutch and English side by side. A missing one fails the build.

import reasons from "../../../../contracts/reasons.json" with { type: "json" };
import type { Lang } from "./logic/time.ts";

type Pair = readonly [nl: string, en: string];

const WORDS = {
  // frame
  title: ["Webcare", "Webcare"],
  skip: ["Naar de items", "Skip to the items"],
  live: ["live", "live"],
  connecting: ["verbinden", "connecting"],
  lost: ["verbinding weg, opnieuw over {s} s", "connection lost, retrying in {s} s"],
  lost_long: [
    "De verbinding met de server is weg. Wat je ziet is van {at}; het wordt bijgewerkt zodra de verbinding terug is.",
    "The connection to the server is lost. What you see dates from {at}; it is refreshed once the connection is back.",
  ],
  try_now: ["Nu proberen", "Try now"],
  other_clock: ["klok van de server", "server clock"],
  language: ["English", "Nederlands"],
  language_hint: ["Switch to English", "Schakel over op Nederlands"],
  sign_out: ["Afmelden", "Sign out"],
  open_demo: ["demonstratie, zonder sleutel", "demonstration, without a key"],
  keys: ["Toetsen", "Keys"],
  close: ["Sluiten", "Close"],
  back: ["Terug", "Back"],
  drill_banner: [
    "Er loopt een oefening. Wat als oefening gemarkeerd is, is niet echt.",
    "A drill is running. What is marked as a drill is not real.",
  ],
  drill: ["oefening", "drill"],
  all_brands: ["Alle merken", "All brands"],
  brand: ["Merk", "Brand"],
  more: ["Meer laden", "Load more"],
  loading: ["Laden…", "Loading…"],
  failed: ["Kon niet worden gelezen: {why}", "Could not be read: {why}"],
  server_away: ["de server antwoordt niet", "the server does not answer"],

  // sign in
  sign_in: ["Aanmelden", "Sign in"],
  key_label: ["Je sleutel", "Your key"],
  key_hint: ["Bij het starten drukt ‘webcare up’ de eerste sleutel af.", "On start ‘webcare up’ prints the first key."],
  key_wrong: ["Deze sleutel is niet bekend.", "This key is not known."],
  key_ended: ["Je sessie is afgelopen. Meld je opnieuw aan.", "Your session has ended. Sign in again."],
  tagline: [
    "Elk bericht gezien, een piek binnen minuten gemerkt, de juiste persoon gewekt.",
    "Every mention seen, a spike noticed within minutes, the right person woken.",
  ],

  // on call
  on_call: ["Dienst", "On call"],
  on_call_until: ["tot {at}", "until {at}"],
  on_call_nobody: ["niemand heeft dienst", "nobody is on call"],

  // incidents
  incidents: ["Incidenten", "Incidents"],
  pages: ["Oproepen", "Pages"],
  tab_open: ["Open", "Open"],
  tab_closed: ["Gesloten", "Closed"],
  no_incidents: ["Geen open incidenten. Rustig zo.", "No open incidents. All quiet."],
  no_closed: ["Nog geen gesloten incidenten.", "No closed incidents yet."],
  no_pages: ["Niemand opgeroepen in de laatste 24 uur.", "Nobody paged in the last 24 hours."],
  spike: ["Piek", "Spike"],
  spike_in: ["Piek in {what}", "Spike in {what}"],
  critical_mention: ["Kritiek bericht", "Critical mention"],
  incident: ["Incident", "Incident"],
  triggered: ["niet bevestigd", "not acknowledged"],
  acknowledged: ["bevestigd", "acknowledged"],
  resolved: ["opgelost", "resolved"],
  ack_by: ["bevestigd door {who}", "acknowledged by {who}"],
  ack_lease: ["nog {left}, dan opnieuw oproepen", "{left} left, then it pages again"],
  resolved_by: ["opgelost door {who}", "resolved by {who}"],
  acknowledge: ["Bevestigen", "Acknowledge"],
  acknowledge_again: ["Verlengen", "Extend"],
  resolve_incident: ["Sluiten", "Close"],
  resolve_sure: ["Zeker weten? Sluit dit incident", "Sure? Close this incident"],
  to_item: ["Naar het item", "To the item"],
  to_incident: ["Naar het incident", "To the incident"],
  evidence: ["Bewijs", "Evidence"],
  timeline: ["Tijdlijn", "Timeline"],
  received_by_demo: ["ontvangen door de demo-ontvanger", "received by the demo receiver"],
  received_times: ["{n} keer ontvangen", "received {n} times"],
  accepted_only: [
    "Aangenomen betekent: de dienst heeft hem aangenomen. Of hij is afgeleverd of gelezen, weten we dan nog niet.",
    "Accepted means: the provider took it. Whether it was delivered or read is not known then.",
  ],
  delay_opened: ["{span} na het openen", "{span} after it opened"],
  delay: ["{span} na het eerste bericht", "{span} after the first mention"],

  // evidence
  ev_seen: [
    "{seen} gezien waar {expected} werd verwacht, in {window}",
    "{seen} seen where {expected} expected, in {window}",
  ],
  ev_factor: ["{n}× het gewone", "{n}× the usual"],
  ev_since: ["sinds {at}", "since {at}"],
  ev_people: ["{n} mensen", "{n} people"],
  ev_person: ["1 mens", "1 person"],
  ev_negative: ["{n}% negatief", "{n}% negative"],
  ev_urgent: ["{n}% dringend", "{n}% urgent"],
  ev_chance: ["kans {odds}", "chance {odds}"],
  ev_one_in: ["1 op {n}", "1 in {n}"],
  ev_story: ["grootste verhaal {n} keer verteld", "largest story told {n} times"],
  ev_history: ["verwachting uit {n} dagen geschiedenis", "expectation from {n} days of history"],
  ev_little_history: [
    "minder dan een dag geschiedenis: houd rekening met toeval",
    "less than a day of history: mind coincidence",
  ],
  ev_why: ["Omdat: {why}", "Because: {why}"],
  ev_whole: ["het bericht als geheel", "the mention as a whole"],
  ev_p: ["{p}% kans op kritiek", "{p}% probability of critical"],
  ev_channel: ["via {channel}", "through {channel}"],
  ev_queue: ["in {queue}", "in {queue}"],
  million: ["{n} miljoen", "{n} million"],
  ev_tiny: ["kleiner dan 1 op een miljard", "less than 1 in a billion"],
  series_all: ["berichten over {brand}", "mentions of {brand}"],
  series_channel: ["berichten op {channel} over {brand}", "mentions on {channel} of {brand}"],
  series_negative: ["negatieve berichten over {brand}", "negative mentions of {brand}"],
  series_urgent: ["dringende berichten over {brand}", "urgent mentions of {brand}"],
  minutes: ["{n} minuten", "{n} minutes"],
  minute: ["1 minuut", "1 minute"],
  hours: ["{n} uur", "{n} hours"],

  // topics
  topics: ["Waarover gaat dit", "What this is about"],
  topic_new: ["{n}% nu, anders zelden", "{n}% now, seldom before"],
  topic_all: ["iedereen nu, anders zelden", "everybody now, seldom before"],
  topic_more: ["{n}% nu, anders {m}%", "{n}% now, {m}% before"],
  topic_search: ["{term}: toon de berichten", "{term}: show the mentions"],
  topics_basis: [
    "Uit {now} berichten, tegen {before} in de 28 dagen ervoor.",
    "From {now} mentions, against {before} in the 28 days before.",
  ],
  topics_sample: ["{read} van {all}", "{read} of {all}"],
  topics_little_history: [
    "Er is nog weinig geschiedenis om mee te vergelijken.",
    "There is little history to compare with yet.",
  ],
  topics_nothing_stands_out: [
    "Geen woorden die opvallen tegenover wat hier gewoon is.",
    "No words stand out against what is usual here.",
  ],
  topics_no_mentions: [
    "Er zijn nog geen berichten om te vergelijken.",
    "There are no mentions to compare yet.",
  ],
  topics_away: ["Kon niet worden gelezen.", "Could not be read."],

  // timeline
  tl_opened: ["Geopend", "Opened"],
  tl_opened_spike: ["Piek geopend", "Spike opened"],
  tl_opened_critical: ["Kritiek bericht gevonden", "Critical mention found"],
  tl_first: ["Eerste bericht", "First mention"],
  tl_updated: ["Bewijs bijgewerkt", "Evidence updated"],
  tl_mention: ["Nog een bericht erbij", "One more mention"],
  tl_ack: ["{who} bevestigde", "{who} acknowledged"],
  tl_ack_renewed: ["{who} verlengde de bevestiging", "{who} extended the acknowledgement"],
  tl_unack: ["Bevestiging verlopen, oproepen begint opnieuw", "Acknowledgement ran out, paging starts again"],
  tl_resolved: ["Gesloten door {who}", "Closed by {who}"],
  tl_spike_over: ["Piek voorbij: vanzelf gesloten", "Spike over: closed by itself"],
  tl_claimed: ["{who} nam het item", "{who} claimed the item"],
  tl_renewed: ["{who} verlengde de claim", "{who} renewed the claim"],
  tl_released: ["{who} gaf het item terug", "{who} released the item"],
  tl_expired: ["Claim van {who} verlopen: terug in de wachtrij", "Claim of {who} ran out: back in the queue"],
  tl_replied: ["{who} antwoordde", "{who} replied"],
  tl_item_resolved: ["{who} rondde het item af", "{who} resolved the item"],
  tl_item_opened: ["Item geopend in {queue}", "Item opened in {queue}"],
  tl_item_updated: ["Item bijgewerkt", "Item updated"],
  tl_overdue: ["Item is te laat", "Item is overdue"],
  tl_planned: ["Oproep aan {who} gepland, via {channel}", "Page to {who} planned, by {channel}"],
  tl_accepted: ["Oproep aan {who} aangenomen door {channel}", "Page to {who} accepted by {channel}"],
  tl_delivered: ["Oproep aan {who} afgeleverd", "Page to {who} delivered"],
  tl_read: ["Oproep door {who} gelezen", "Page read by {who}"],
  tl_failed: ["Oproep aan {who} via {channel} mislukt", "Page to {who} by {channel} failed"],
  tl_retry: [
    "Oproep aan {who} lukte nog niet, nieuwe poging om {at}",
    "Page to {who} did not go yet, next try at {at}",
  ],
  tl_superseded: ["Oproep aan {who} niet meer nodig", "Page to {who} no longer needed"],
  tl_bundled: ["Oproep aan {who} gaat mee in een verzameloproep", "Page to {who} goes along in a digest"],
  tl_last_resort: ["laatste redmiddel", "last resort"],
  tl_attempt: ["poging {n}", "attempt {n}"],
  tl_times: ["{n} keer", "{n} times"],
  step: ["stap {n}", "step {n}"],
  round: ["ronde {n}", "round {n}"],

  // page states
  page_planned: ["gepland", "planned"],
  page_due: ["aan de beurt", "due"],
  page_sending: ["wordt verstuurd", "being sent"],
  page_accepted: ["aangenomen", "accepted"],
  page_delivered: ["afgeleverd", "delivered"],
  page_read: ["gelezen", "read"],
  page_failed: ["mislukt", "failed"],
  page_superseded: ["niet meer nodig", "no longer needed"],
  page_bundled: ["in verzameloproep", "in a digest"],
  not_delivered_yet: ["aflevering onbekend", "delivery unknown"],

  // volume
  volume: ["Volume", "Volume"],
  range: ["Periode", "Period"],
  range_6h: ["6 u", "6 h"],
  range_24h: ["24 u", "24 h"],
  range_7d: ["7 d", "7 d"],
  expected: ["verwacht", "expected"],
  no_expected: ["nog geen verwachting", "no expectation yet"],
  seen: ["gezien", "seen"],
  negative: ["negatief", "negative"],
  neutral: ["neutraal", "neutral"],
  positive: ["positief", "positive"],
  spike_band: ["piek", "spike"],
  spike_from: ["piek vanaf {at}", "spike from {at}"],
  total_period: ["{n} in {range}", "{n} in {range}"],
  chart_label: ["Volume van {brand}: {n} berichten, {range}", "Volume of {brand}: {n} mentions, {range}"],
  chart_hint: ["Pijltjes links en rechts lopen langs de tijd", "Arrow keys left and right walk along time"],
  as_table: ["Als tabel", "As a table"],
  time: ["Tijd", "Time"],
  chart_empty: ["Nog geen berichten in deze periode", "No mentions in this period yet"],

  // queues
  queues: ["Wachtrijen", "Queues"],
  all_queues: ["Alle items", "All items"],
  mine: ["Van mij", "Mine"],
  waiting: ["wacht", "waiting"],
  claimed: ["bezet", "claimed"],
  overdue: ["te laat", "overdue"],
  oldest: ["oudste", "oldest"],
  next_due: ["eerstvolgende", "next"],
  empty_queue: ["leeg", "empty"],
  promise: ["belofte", "promise"],
  promise_within: ["{urgency} binnen {span}", "{urgency} within {span}"],

  // items
  items: ["Items", "Items"],
  items_in: ["Items in {queue}", "Items in {queue}"],
  handling_order: ["in volgorde van behandelen", "in handling order"],
  done_too: ["Afgerond", "Done"],
  no_items: ["Niets te doen hier.", "Nothing to do here."],
  critical: ["kritiek", "critical"],
  high: ["hoog", "high"],
  normal: ["gewoon", "normal"],
  low: ["laag", "low"],
  unsure: ["twijfel", "unsure"],
  unsure_hint: [
    "Het oordeel is onzeker; daarom één niveau hoger behandeld",
    "The verdict is unsure; treated one level higher for that reason",
  ],
  you: ["jij", "you"],
  lease_left: ["nog {left}", "{left} left"],
  done: ["afgerond", "done"],
  answered: ["beantwoord", "answered"],
  no_due: ["geen klok", "no clock"],
  unknown_author: ["onbekend", "unknown"],
  select_something: ["Kies een item of een incident", "Choose an item or an incident"],
  select_hint: [
    "Met j en k loop je door de lijst, met ? zie je alle toetsen.",
    "Walk the list with j and k; ? shows all keys.",
  ],

  // item detail
  conversation: ["Gesprek", "Conversation"],
  verdict: ["Oordeel", "Verdict"],
  why: ["Waarom", "Why"],
  no_reasons: ["geen enkel signaal sprong eruit", "no single signal stood out"],
  claim: ["Claimen", "Claim"],
  claim_and_reply: ["Claimen en antwoorden", "Claim and reply"],
  release: ["Teruggeven", "Release"],
  resolve: ["Afronden", "Resolve"],
  reply: ["Antwoorden", "Reply"],
  send: ["Verstuur antwoord", "Send reply"],
  reply_label: ["Je antwoord aan {who}", "Your reply to {who}"],
  characters: ["{n} tekens", "{n} characters"],
  characters_of: ["{n} van {most} tekens", "{n} of {most} characters"],
  too_long: ["Te lang voor {channel}: {n} tekens te veel", "Too long for {channel}: {n} characters too many"],
  yours: ["Van jou", "Yours"],
  held_now: ["{who} heeft dit nu", "{who} has this now"],
  conflict: [
    "{who} heeft dit nu, tot {at}. Je tekst staat er nog; niets is verstuurd.",
    "{who} has this now, until {at}. Your text is still here; nothing was sent.",
  ],
  conflict_plain: ["{who} heeft dit nu, tot {at}.", "{who} has this now, until {at}."],
  conflict_free: [
    "Je claim is verlopen. Claim opnieuw om te antwoorden; je tekst staat er nog.",
    "Your claim ran out. Claim again to reply; your text is still here.",
  ],
  conflict_done: ["{who} heeft dit al afgerond.", "{who} has resolved this already."],
  conflict_ack: ["{who} heeft dit incident al bevestigd.", "{who} has acknowledged this incident already."],
  conflict_resolved: ["Dit incident is al gesloten.", "This incident is closed already."],
  conflict_other: [
    "Er is intussen iets veranderd. Kijk even en probeer het opnieuw.",
    "Something changed meanwhile. Have a look and try again.",
  ],
  refused: ["Niet gelukt: {why}", "Did not work: {why}"],
  kept_held: [
    "{who} heeft dit nu. Je tekst staat er nog; versturen kan alleen wie het item heeft.",
    "{who} has this now. Your text is still here; only who holds the item can send.",
  ],
  kept_free: [
    "Je hebt dit item niet meer. Je tekst staat er nog; claim het opnieuw om te versturen.",
    "You no longer hold this item. Your text is still here; claim it again to send.",
  ],
  kept_done: ["Dit item is afgerond. Je tekst staat er nog.", "This item is resolved. Your text is still here."],
  replied: ["Antwoord opgeslagen en aangeboden voor verzending.", "Reply stored and handed on for sending."],
  from_team: ["antwoord van {who}", "reply by {who}"],
  people: ["{n} mensen", "{n} people"],
  same_said: ["{n} mensen zeggen hetzelfde", "{n} people say the same"],
  same_one: ["1 mens zegt dit vaker", "1 person says this more than once"],
  same_seen: ["{n} berichten, {channels}, sinds", "{n} mentions, {channels}, since"],
  same_show: ["Toon wie", "Show who"],
  same_more: ["Toon meer", "Show more"],
  source_link: ["bekijk op {channel}", "view on {channel}"],
  edited: ["bewerkt", "edited"],
  rule: ["regel", "rule"],
  sentiment: ["sentiment", "sentiment"],
  intent: ["bedoeling", "intent"],
  urgency: ["urgentie", "urgency"],
  care: ["loket", "desk"],

  // corrections
  corrections: ["Correcties van het oordeel", "Corrections of the verdict"],
  cor_open: ["Oordeel corrigeren", "Correct the verdict"],
  cor_hint: [
    "Zeg wat het oordeel had moeten zijn. Het item verandert niet; het volgende model leert ervan.",
    "Say what the verdict should have been. The item stays as it is; the next model learns from it.",
  ],
  cor_save: ["Correctie opslaan", "Save correction"],
  cor_cancel: ["Annuleren", "Cancel"],
  cor_said: ["vindt: {what}", "says: {what}"],
  cor_confirmed: ["vindt dat het oordeel klopt", "says the verdict is right"],
  cor_decides: ["beslist", "decides"],
  cor_outdated: ["over een eerdere tekst", "about an earlier text"],
  cor_disputed: [
    "Niet eens over {heads}. Een teamleider kan beslissen; tot dan leert het model er niet van.",
    "People differ about {heads}. A lead can decide; until then no model learns from it.",
  ],
  cor_lang: ["taal", "language"],
  cor_unknown: ["onbekend", "unknown"],
  conflict_edited: [
    "Het bericht is intussen bewerkt. Lees het opnieuw en beoordeel wat er nu staat.",
    "The message was edited meanwhile. Read it again and judge what it says now.",
  ],
  tl_corrected: ["{who} corrigeerde het oordeel", "{who} corrected the verdict"],
  say_corrected: ["Correctie opgeslagen", "Correction saved"],

  // intents and desks
  complaint: ["klacht", "complaint"],
  question: ["vraag", "question"],
  compliment: ["compliment", "compliment"],
  remark: ["opmerking", "remark"],
  spam: ["spam", "spam"],
  webcare: ["webcare", "webcare"],
  community: ["community", "community"],
  none: ["geen", "none"],

  feeling: ["gevoel", "feeling"],
  details: ["Details", "Details"],
  oldest_newest: ["oudste {oldest}, nieuwste {newest}", "oldest {oldest}, newest {newest}"],
  show_all: ["Toon alle {n}", "Show all {n}"],
  all_pages: ["Toon alle {n} oproepen", "Show all {n} pages"],
  fold: ["Inklappen", "Fold"],

  // search
  search: ["Zoeken", "Search"],
  search_placeholder: ["Zoek in het archief", "Search the archive"],
  search_hint: ['Alle woorden; "een zin"; -niet; begin*', 'All words; "a phrase"; -not; begin*'],
  search_results: ["Gevonden in het archief", "Found in the archive"],
  search_total: ["{n} berichten", "{n} mentions"],
  search_none: ["Niets gevonden.", "Nothing found."],
  search_close: ["Terug naar items", "Back to items"],
  filter_sentiment: ["Sentiment", "Sentiment"],
  filter_urgency: ["Urgentie", "Urgency"],
  filter_channel: ["Kanaal", "Channel"],
  filter_any: ["alle", "any"],
  private: ["privé", "private"],

  // conservation
  conservation: ["Niets raakt zoek", "Nothing gets lost"],
  holds: ["de som klopt", "the sum holds"],
  broken: ["de som klopt niet", "the sum does not hold"],
  not_added: ["nog niet opgeteld", "not added up yet"],
  c_received: ["ontvangen", "received"],
  c_refused: ["geweigerd", "refused"],
  c_accepted: ["aangenomen", "accepted"],
  c_duplicates: ["dubbel", "duplicates"],
  c_edits: ["bewerkingen", "edits"],
  c_opened: ["items geopend", "items opened"],
  c_folded: ["toegevoegd", "folded"],
  c_filtered: ["gefilterd", "filtered"],
  c_dead: ["onleesbaar", "dead letters"],
  c_in_flight: ["onderweg", "in flight"],

  // keys
  key_move: ["volgende, vorige item", "next, previous item"],
  key_incident: ["volgende incident", "next incident"],
  key_claim: ["claimen", "claim"],
  key_reply: ["antwoorden", "reply"],
  key_resolve: ["afronden", "resolve"],
  key_ack: ["incident bevestigen", "acknowledge the incident"],
  key_search: ["zoeken", "search"],
  key_send: ["antwoord versturen", "send the reply"],
  key_escape: ["terug", "back"],
  key_help: ["deze hulp", "this help"],

  // announcements
  say_incident: ["Nieuw incident: {what}", "New incident: {what}"],
  say_claimed: ["Geclaimd", "Claimed"],
  say_released: ["Teruggegeven", "Released"],
  say_resolved: ["Afgerond", "Resolved"],
  say_ack: ["Incident bevestigd", "Incident acknowledged"],
  say_closed: ["Incident gesloten", "Incident closed"],
  somebody: ["iemand", "somebody"],
  system: ["het systeem", "the system"],
} as const satisfies Record<string, Pair>;

/** Why a verdict or decision fell as it did; a code that is not here is shown as it is written. */
/** What a code means: one list for the page and for pages that wake people. */
const REASONS: Record<string, Pair> = Object.fromEntries(
  Object.entries(reasons).map(([code, said]) => [code, [said.nl, said.en] as const]),
);

export type Word = keyof typeof WORDS;
export type Fill = Record<string, string | number>;
export type Say = (word: Word, fill?: Fill) => string;

/** A speaker of one language. */
export function speaker(lang: Lang): Say {
  const which = lang === "nl" ? 0 : 1;
  return (word, fill = {}) =>
    WORDS[word][which].replace(/\{(\w+)\}/g, (whole, name: string) => String(fill[name] ?? whole));
}

/** A class of the classifier or a code in words; what is unknown as it is written, without underscores. */
export function codeInWords(code: string, lang: Lang): string {
  return (REASONS[code] ?? [])[lang === "nl" ? 0 : 1] ?? code.replaceAll("_", " ");
}

export function isWord(text: string): text is Word {
  return Object.hasOwn(WORDS, text);
}

/** All pairs, for checking them. */
export const PAIRS: readonly (readonly [string, Pair])[] = [...Object.entries(WORDS), ...Object.entries(REASONS)];
