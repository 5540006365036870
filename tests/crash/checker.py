"""The count of what was acknowledged against what came out: how many there were to compare, lost, doubled."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from backbone.distributed.connections import Connections
from contracts.mentions import Mention
from contracts.volume import BlockCount
from services.classify.counting import BLOCK_SIZE, CHANNELS
from services.classify.spikes.state import REMEMBERED_BLOCKS
from services.router.domain.items import conversation_of
from tests.crash.sender import Receiver, Sender
from tests.crash.stores import Row, Stores, archived, await_rest, read_stores

_SHOWN = 5
_ENDS = ("opened", "folded", "filtered")
Block = tuple[str, int, int]


class Check(NamedTuple):
    """One comparison. `lost` is what should be there and is not; `doubled` what is there twice, or should not be."""

    what: str
    expected: int
    lost: int = 0
    doubled: int = 0
    some: tuple[str, ...] = ()
    """Some of what is wrong."""

    @property
    def holds(self) -> bool:
        """Nothing lost, nothing doubled."""
        return not self.lost and not self.doubled


def compare(what: str, expected: Iterable[object], found: Iterable[object]) -> Check:
    """Each expected thing is found exactly once, and nothing else is."""
    wanted, there = Counter(expected), Counter(found)
    lost, doubled = wanted - there, there - wanted
    wrong = [f"-{each}" for each in list(lost)[:_SHOWN]] + [f"+{each}" for each in list(doubled)[:_SHOWN]]
    return Check(what, wanted.total(), lost.total(), doubled.total(), tuple(wrong))


def contained(what: str, expected: Collection[str], found: Collection[str], allowed: Collection[str]) -> Check:
    """Each expected thing is found, and nothing that is not allowed."""
    lost, strange = set(expected) - set(found), set(found) - set(allowed)
    wrong = [f"-{each}" for each in sorted(lost)[:_SHOWN]] + [f"+{each}" for each in sorted(strange)[:_SHOWN]]
    return Check(what, len(expected), len(lost), len(strange), tuple(wrong))


def equal(what: str, expected: int, found: int) -> Check:
    """Two sums are the same."""
    return Check(what, expected, max(0, expected - found), max(0, found - expected))


class Result(NamedTuple):
    """All comparisons of a run, and its figures."""

    checks: list[Check]
    figures: dict[str, str]

    @property
    def broken(self) -> list[Check]:
        """Those that do not hold."""
        return [check for check in self.checks if not check.holds]

    def show(self, console: Console, title: str) -> None:
        """As tables."""
        table = Table(title=title, title_justify="left")
        for column in ("compared", "expected", "lost", "doubled"):
            table.add_column(column, justify="left" if column == "compared" else "right")
        for check in self.checks:
            style = "" if check.holds else "bold red"
            table.add_row(check.what, f"{check.expected:,}", f"{check.lost:,}", f"{check.doubled:,}", style=style)
        console.print(table)
        for check in self.broken:
            console.print(f"{check.what}: {', '.join(check.some)}", markup=False, soft_wrap=True)
        for name, figure in self.figures.items():
            console.print(f"{name}: {figure}", markup=False)


def check_all(connections: Connections, sender: Sender, pages: Receiver, rest_within_s: float) -> Result:
    """Wait until the system is at rest, read every store, and compare."""
    rest_s = await_rest(connections, rest_within_s)
    stores = read_stores(connections)
    # The receiver is read after the desk: a page that is accepted there was delivered here.
    checks = [
        *_log_checks(stores, sender),
        *_desk_checks(stores, sender),
        *_item_checks(stores),
        *_incident_checks(stores),
        *_page_checks(stores, pages),
        *_trail_checks(stores),
        *_volume_checks(stores),
        *_archive_checks(connections, stores, sender),
    ]
    return Result(checks, _figures(stores, sender, pages, rest_s))


# -------------------------------------------------------------------------------------------------------------- log


def _log_checks(stores: Stores, sender: Sender) -> list[Check]:
    ids = {mention.id for _, mention in stores.came_in}
    places = {(record.topic, record.partition, record.offset) for record, _ in stores.came_in}
    judged = {(said.origin.topic, said.origin.partition, said.origin.offset) for said in stores.classified}
    return [
        contained("acknowledged ids on mentions.raw and mentions.express", sender.acknowledged, ids, sender.sent),
        compare("records of both on mentions.classified, by origin", places, judged),
        equal("dead letters", 0, stores.dead),
    ]


# ------------------------------------------------------------------------------------------------------------- desk


def _desk_checks(stores: Stores, sender: Sender) -> list[Check]:
    stored = [row["id"] for row in stores.desk["mentions"]]
    outcomes = Counter(row["outcome"] for row in stores.desk["mentions"])
    counts: Counter[str] = Counter()
    for row in stores.desk["counters"]:
        counts[row["name"]] += row["n"]
    records = len(stores.came_in)
    sums = sum(counts[name] for name in ("opened", "folded", "filtered", "duplicates", "edits", "dead"))
    return [
        contained("acknowledged ids among the desk's mentions", sender.acknowledged, stored, sender.sent),
        compare("distinct ids of the log among the desk's mentions", {m.id for _, m in stores.came_in}, stored),
        equal("accepted = opened + folded + filtered + duplicates + edits + dead", records, sums),
        *(equal(f"counted as {name}, of mentions with that outcome", outcomes[name], counts[name]) for name in _ENDS),
        equal("counted as duplicates, of records that repeat an id", records - len(set(stored)), counts["duplicates"]),
    ]


def _item_checks(stores: Stores) -> list[Check]:
    conversations = {mention.id: conversation_of(mention) for _, mention in stores.came_in}
    in_items = [row for row in stores.desk["mentions"] if row["outcome"] != "filtered"]
    own = [row for row in in_items if not row["copied"]]
    items = stores.desk["items"]
    told = {(row["item_id"], row["person"]) for row in in_items}
    held = Counter(row["item_id"] for row in in_items)
    return [
        compare(
            "items, one of each conversation",
            {conversations.get(row["id"], row["id"]) for row in own},
            (row["conversation"] for row in items),
        ),
        compare(
            "people in items, by item", (item for item, _ in told), _spread({row["id"]: row["people"] for row in items})
        ),
        compare("mentions in items, by item", held.elements(), _spread({row["id"]: row["mentions"] for row in items})),
    ]


def _spread(counts: Mapping[str, int]) -> Iterable[str]:
    return chain.from_iterable([name] * count for name, count in counts.items())


# -------------------------------------------------------------------------------------------- incidents and pages


def _incident_checks(stores: Stores) -> list[Check]:
    incidents = stores.desk["incidents"]
    items = {row["id"]: row["incident_id"] for row in stores.desk["items"]}
    critical = [row for row in stores.desk["mentions"] if row["item_id"] and _urgency(row) == "critical"]
    alarms = Counter(row["kind"] for row in incidents for _ in range(row["mentions"]))
    known = {row["id"] for row in incidents}
    unseen = [row["id"] for row in critical if items.get(row["item_id"]) not in known]
    opened = {event.spike_id for event in stores.spike_events if event.kind == "opened"}
    openers = [row["spike_id"] for row in incidents if row["kind"] in ("spike", "silence")]
    spikes = stores.desk["spikes"]
    return [
        Check("critical mentions with an incident", len(critical), len(unseen), 0, tuple(unseen[:_SHOWN])),
        equal("critical mentions that incidents count", len(critical), alarms["critical"]),
        compare("incidents, one of each key", {row["dedup_key"] for row in incidents}, _column(incidents, "dedup_key")),
        compare("incidents of spikes, each opened by one", opened & set(openers), openers),
        compare("spikes on the desk", opened, _column(spikes, "id")),
        compare("spikes of an incident", opened, [row["id"] for row in spikes if row["incident_id"] in known]),
    ]


def _urgency(mention: Row) -> str:
    return str(json.loads(mention["verdict"])["urgency"])


def _column(rows: Iterable[Row], name: str) -> list[str]:
    return [row[name] for row in rows]


def _page_checks(stores: Stores, receiver: Receiver) -> list[Check]:
    pages = stores.desk["pages"]
    accepted = {row["id"] for row in pages if row["state"] == "accepted"}
    keys = [f"{row['incident_id']}/{row['epoch']}/{row['loop']}/{row['step']}/{row['person']}" for row in pages]
    attempts: dict[str, list[int]] = defaultdict(list)
    for row in stores.desk["attempts"]:
        attempts[row["page_id"]].append(row["n"])
    tries = [(row["id"], number) for row in pages for number in range(1, row["attempts"] + 1)]
    return [
        compare("pages, one of each incident", _column(stores.desk["incidents"], "id"), _column(pages, "incident_id")),
        compare("pages, one of each key", set(keys), keys),
        compare("pages accepted", _column(pages, "id"), accepted),
        compare("pages delivered, by idempotency key", accepted, set(receiver.deliveries)),
        compare("attempts, each with its number", tries, [(page, n) for page, ns in attempts.items() for n in ns]),
    ]


# ------------------------------------------------------------------------------------------------------------ trail


def _trail_checks(stores: Stores) -> list[Check]:
    """Every change has its row in the audit trail and its event on work.events, none is missing and none is there
    twice; a relay that was killed may repeat an event with the same id."""
    items, incidents, pages = (stores.desk[name] for name in ("items", "incidents", "pages"))
    changes = {row["id"]: row["seq"] + 1 for row in (*items, *incidents)}
    events = {event.id: event for event in stores.work_events}
    numbers = [(e.subject, e.data["seq"]) for e in events.values() if e.subject in changes]
    rows = Counter(row["subject"] for row in stores.desk["audit"] if row["action"] != "incident.mention_added")
    added = Counter(row["subject"] for row in stores.desk["audit"] if row["action"] == "incident.mention_added")
    told = Counter(event.subject for event in events.values())
    return [
        compare("audit rows of items and incidents, one of each change", _spread(changes), _of(rows, changes)),
        compare(
            "audit rows of mentions added to incidents",
            _spread({row["id"]: row["mentions"] - 1 for row in incidents}),
            added.elements(),
        ),
        compare("events of items and incidents, by number", _numbered(changes), numbers),
        compare("events of all subjects, one of each audit row", rows.elements(), told.elements()),
        compare(
            "audit rows of pages: planned and accepted", _spread({p["id"]: 2 for p in pages}), _of(rows, _ids(pages))
        ),
    ]


def _ids(rows: Iterable[Row]) -> set[str]:
    return {row["id"] for row in rows}


def _of(rows: Counter[str], subjects: Collection[str]) -> Iterable[str]:
    return (subject for subject in rows.elements() if subject in subjects)


def _numbered(changes: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    return ((subject, number) for subject, count in changes.items() for number in range(count))


# ----------------------------------------------------------------------------------------------------------- volume


def _volume_checks(stores: Stores) -> list[Check]:
    """A block counts a mention once, though it hold it twice; so what is expected is counted from the log here."""
    negative = {event.mention.id for event in stores.classified if event.verdict.sentiment == "negative"}
    expected: dict[tuple[str, Block], set[str]] = defaultdict(set)
    ends: dict[Block, int] = {}
    totals: Counter[str] = Counter()
    for record, mention in stores.came_in:
        block = (record.topic, record.partition, record.offset // BLOCK_SIZE)
        for series in _counted_in(mention, mention.id in negative):
            expected[series, block].add(mention.id)
        ends[block] = max(ends.get(block, -1), record.offset)
    for (series, _), ids in expected.items():
        totals[series] += len(ids)
    told = _highest(stores)
    upto: dict[Block, int] = {}
    for (_, block), count in told.items():
        upto[block] = max(upto.get(block, -1), count.upto)
    arrivals = {key: sum(minute.arrivals for minute in count.minutes) for key, count in told.items()}
    return [
        compare("blocks on volume.blocks, told to their last record", ends.items(), upto.items()),
        compare(
            "arrivals on volume.blocks, by series and block",
            _times({key: len(ids) for key, ids in expected.items()}),
            _times(arrivals),
        ),
        compare("arrivals in the spike table, by series", _spread(totals), _spread(_totals(stores))),
        compare("last blocks that the spike table knows, by series", _last_blocks(told), _known_blocks(stores)),
    ]


def _counted_in(mention: Mention, negative: bool) -> list[str]:
    """The brand and its parts, written out; no sources are configured here."""
    if mention.drill:
        return [f"{mention.brand}|drill=yes"]
    parts = [f"channel={mention.channel}"] if mention.channel in CHANNELS else []
    parts += ["kind=negative"] if negative else []
    return [mention.brand, *(f"{mention.brand}|{part}" for part in parts)]


def _highest(stores: Stores) -> dict[tuple[str, Block], BlockCount]:
    """What was told last of each series and block."""
    told: dict[tuple[str, Block], BlockCount] = {}
    for update in stores.blocks:
        for count in update.blocks:
            key = (update.series, (count.topic, count.partition, count.block))
            if key not in told or told[key].upto < count.upto:
                told[key] = count
    return told


def _times(counts: Mapping[tuple[str, Block], int]) -> Iterable[tuple[str, Block]]:
    return chain.from_iterable([key] * count for key, count in counts.items())


def _totals(stores: Stores) -> dict[str, int]:
    return {series: state.total for series, state in stores.series.items()}


def _last_blocks(told: Mapping[tuple[str, Block], BlockCount]) -> list[tuple[str, str, int, int]]:
    places: dict[tuple[str, str], list[BlockCount]] = defaultdict(list)
    for (series, (topic, partition, _)), count in told.items():
        places[series, f"{topic}/{partition}"].append(count)
    return [
        (series, place, count.block, count.upto)
        for (series, place), counts in places.items()
        for count in sorted(counts, key=lambda each: each.block)[-REMEMBERED_BLOCKS:]
    ]


def _known_blocks(stores: Stores) -> list[tuple[str, str, int, int]]:
    return [
        (series, place, held.block, held.upto)
        for series, state in stores.series.items()
        for place, blocks in state.known.items()
        for held in blocks
    ]


# ---------------------------------------------------------------------------------------------- archive and figures


def _archive_checks(connections: Connections, stores: Stores, sender: Sender) -> list[Check]:
    distinct = len({mention.id for _, mention in stores.came_in})
    total, found = archived(connections.elastic, sender.acknowledged)
    return [
        equal("acknowledged ids in the archive", len(sender.acknowledged), found),
        equal("documents in the archive, one of each distinct id of the log", distinct, total),
    ]


def _figures(stores: Stores, sender: Sender, receiver: Receiver, rest_s: float) -> dict[str, str]:
    events = {event.id for event in stores.work_events}
    counts = Counter(row["outcome"] for row in stores.desk["mentions"])
    waits = sorted(_waits(stores, sender))
    return {
        "sent, acknowledged": f"{len(sender.sent):,}, {len(sender.acknowledged):,}",
        "batches sent again, by trouble": str(sender.troubles or "none"),
        "longest until a batch was acknowledged": f"{sender.longest_s:.1f} s",
        "records that repeat an id": f"{len(stores.came_in) - len({m.id for _, m in stores.came_in}):,}",
        "verdicts told again": f"{len(stores.classified) - len(stores.came_in):,}",
        "work events told again": f"{len(stores.work_events) - len(events):,}",
        "pages delivered again": f"{len(receiver.deliveries) - len(set(receiver.deliveries)):,}",
        "mentions by outcome": ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())),
        "until at rest after the last": f"{rest_s:.1f} s",
        "acknowledged to claimable, of opened items": _quantiles(waits),
    }


def _waits(stores: Stores, sender: Sender) -> Iterable[float]:
    """Seconds from the 202 of the mention that opened an item until the item was there."""
    at = {row["subject"]: row["at"] / 1e6 for row in stores.desk["audit"] if row["action"] == "item.opened"}
    for row in stores.desk["mentions"]:
        if row["outcome"] == "opened" and row["id"] in sender.acknowledged:
            yield max(0.0, at[row["item_id"]] - sender.acknowledged[row["id"]])


def _quantiles(waits: list[float]) -> str:
    if not waits:
        return "none"
    shown = {name: waits[int(share * (len(waits) - 1))] for name, share in (("median", 0.5), ("p95", 0.95))}
    return ", ".join(f"{name} {wait:.1f} s" for name, wait in {**shown, "longest": waits[-1]}.items())
