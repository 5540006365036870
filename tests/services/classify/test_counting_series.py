"""The series a mention counts in: a brand and its parts, each exact after failures and restarts."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

import pytest
from counting_builders import START, arrival, verdict
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.series import series_parts
from contracts.volume import BlockCount, MinuteCount, VolumeUpdate
from services.classify.counting import MOST_SOURCES, Arrival, BlockCounter, block_head

SOURCES = ("forum-nl", "x-main")
Held = dict[tuple[str, tuple[int, int]], tuple[MinuteCount, ...]]


def series_of(batch: Iterable[Arrival], sources: Iterable[str] = SOURCES) -> list[str]:
    return [update.series for update in BlockCounter(sources).count(list(batch), START)]


def test_a_mention_counts_in_its_brand_its_channel_its_source_and_among_the_negative_ones():
    """Each part of it once."""
    angry = arrival(0, START, verdict(negative=True), source="x-main")
    assert series_of([angry]) == ["Vlieland", "Vlieland|channel=x", "Vlieland|kind=negative", "Vlieland|source=x-main"]


def test_what_is_not_negative_and_of_no_known_channel_or_source_counts_in_the_brand_only():
    """A sender may write any channel and source: neither makes a series."""
    assert series_of([arrival(0, START, channel="my own", source="unheard-of")]) == ["Vlieland"]


def test_a_drill_has_one_series_whatever_it_is_part_of():
    """Nothing of a rehearsal is told of the brand."""
    assert series_of([arrival(0, START, verdict(negative=True), source="x-main", drill=True)]) == ["Vlieland|drill=yes"]


def test_a_single_configured_source_is_the_whole_and_needs_no_series():
    """It would say the same twice."""
    assert series_of([arrival(0, START, source="x-main")], ["x-main", "x-main"]) == ["Vlieland", "Vlieland|channel=x"]


def test_more_sources_than_the_most_leave_the_last_by_name_without_a_series():
    """The same ones on every instance, in whatever order they were configured."""
    names = [f"s{n:03}" for n in range(MOST_SOURCES + 2)]
    batch = [arrival(n, START, source=name, channel="elsewhere") for n, name in enumerate(names)]
    for configured in (names, names[::-1]):
        counted = {series_parts(name).value for name in series_of(batch, configured)} - {""}
        assert counted == set(names[:MOST_SOURCES])


@pytest.mark.parametrize("brand", ["a|b", "a%b", "a=b", "a%7Cb", "a|channel=x"])
def test_odd_names_stay_apart_and_readable(brand: str):
    """A brand with a bar in its name is not a part of another one."""
    (update, part) = BlockCounter().count([arrival(0, START, brand=brand)], START)
    assert (update.brand, tuple(series_parts(update.series))) == (brand, (brand, "", ""))
    assert (part.brand, tuple(series_parts(part.series))) == (brand, (brand, "channel", "x"))


def test_only_a_whole_tells_channels():
    """Of a brand, and of its drills; also those that have no series."""
    batch = [
        arrival(0, START),
        arrival(1, START, channel="elsewhere"),
        arrival(2, START, channel="elsewhere"),
        arrival(3, START, drill=True),
    ]
    told = {update.series: update.blocks[0].minutes[0].channels for update in BlockCounter().count(batch, START)}
    assert told == {
        "Vlieland": (("elsewhere", 2), ("x", 1)),
        "Vlieland|channel=x": (),
        "Vlieland|drill=yes": (("x", 1),),
    }


def test_an_edit_that_turned_negative_counts_as_the_mention_did_before():
    """The block holds that mention already; its own series are told again, with the block's end."""
    counter = BlockCounter()
    counter.count([arrival(0, START)], START)
    edit = arrival(1, START, verdict(negative=True))._replace(mention=arrival(0, START).mention)
    updates = counter.count([edit], START)
    assert [(update.series, update.blocks[0].upto) for update in updates] == [
        ("Vlieland", 1),
        ("Vlieland|channel=x", 1),
    ]
    assert [minute.arrivals for update in updates for minute in update.blocks[0].minutes] == [1, 1]


arrivals = st.builds(
    lambda brand, channel, source, negative, urgent, drill, repeat, minutes, author: (
        {"brand": brand, "channel": channel, "source": source, "drill": drill, "author": author},
        verdict(negative=negative, urgent=urgent, signature=minutes % 3),
        repeat,
        minutes,
    ),
    st.sampled_from(["Vlieland", "Texel", "a|b"]),
    st.sampled_from(["x", "facebook", "elsewhere"]),
    st.sampled_from([*SOURCES, "unheard-of"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([0, 0, 0, 1, 5]),
    st.integers(0, 4),
    st.sampled_from(["ann", "bob", None]),
)


def log_of(drawn: list[tuple[dict[str, object], object, int, int]]) -> list[Arrival]:
    """Offsets with holes between them; some mentions come again as an edit with another verdict."""
    log: list[Arrival] = []
    for number, (changes, judged, repeat, minutes) in enumerate(drawn):
        at = arrival(number + number // 7, START + timedelta(minutes=minutes), judged, **changes)  # type: ignore[arg-type]
        log.append(at._replace(mention=log[-repeat].mention) if 0 < repeat <= len(log) else at)
    return log


def final(updates: Iterable[VolumeUpdate]) -> Held:
    """What a reader that keeps the highest `upto` per block ends with."""
    best: dict[tuple[str, tuple[int, int]], BlockCount] = {}
    for update in updates:
        for block in update.blocks:
            key = (update.series, (block.partition, block.block))
            if key not in best or block.upto > best[key].upto:
                best[key] = block
    return {key: block.minutes for key, block in best.items()}


def expected(log: list[Arrival]) -> Counter[tuple[str, int]]:
    """Arrivals per series and block, counted the plain way: each mention once per block, as it was first."""
    seen: set[tuple[int, str]] = set()
    counted: Counter[tuple[str, int]] = Counter()
    for one in log:
        mention, block = one.mention, one.offset // 64
        if (block, mention.id) in seen:
            continue
        seen.add((block, mention.id))
        name = mention.brand.replace("%", "%25").replace("|", "%7C")
        if mention.drill:
            counted[f"{name}|drill=yes", block] += 1
            continue
        counted[name, block] += 1
        counted[f"{name}|channel={mention.channel}", block] += mention.channel != "elsewhere"
        counted[f"{name}|source={mention.source}", block] += mention.source in SOURCES
        counted[f"{name}|kind=negative", block] += one.verdict.sentiment == "negative"
    return +counted


@settings(max_examples=60, deadline=None)
@given(st.lists(arrivals, max_size=150), st.data())
def test_every_series_is_exact_whatever_crashed_or_came_again(drawn: list, data: st.DataObject):
    """Batches of any size; a crash between telling and committing; the same batch again in the same process."""
    log = log_of(drawn)
    told: list[VolumeUpdate] = []
    counter, position = BlockCounter(SOURCES), 0
    while position < len(log):
        end = position + data.draw(st.integers(1, 60))
        told += counter.count(log[position:end], START)
        what = data.draw(st.sampled_from(["committed", "again", "crashed"]))
        if what == "committed":
            position = end
        elif what == "crashed":
            counter = BlockCounter(reversed(SOURCES))
            committed = log[position].offset
            head = [one for one in log if block_head(committed) <= one.offset < committed]
            counter.prime("mentions.raw", 0, committed, 0, head)
            told += counter.count(log[position : position + 1], START)
            position += 1
    clean = final(BlockCounter(SOURCES).count(log, START))
    assert final(told) == clean
    totals = {(series, key[1]): sum(minute.arrivals for minute in minutes) for (series, key), minutes in clean.items()}
    assert totals == expected(log)


@settings(max_examples=30, deadline=None)
@given(st.lists(arrivals, min_size=1, max_size=150), st.integers(1, 149))
def test_a_gap_leaves_the_block_out_of_every_series(drawn: list, cut: int):
    """Never a smaller count, of whatever part."""
    log = log_of(drawn)
    rest = [one for one in log if one.offset >= cut]
    counter = BlockCounter(SOURCES)
    gap = counter.prime("mentions.raw", 0, cut, cut, [])
    told = final(counter.count(rest, START))
    missing = set() if gap is None else {gap.block}
    assert (gap is not None) == (cut % 64 != 0)
    whole = {one for one in final(BlockCounter(SOURCES).count(rest, START)) if one[1][1] not in missing}
    assert told.keys() == whole


@settings(max_examples=30, deadline=None)
@given(st.lists(arrivals, max_size=120))
def test_parts_hold_what_the_brand_holds_of_them(drawn: list):
    """Of each block and minute: a channel's arrivals are those the brand tells of it, negative ones its negative."""
    held = final(BlockCounter(SOURCES).count(log_of(drawn), START))
    for (series, key), minutes in held.items():
        name, _, _ = series.partition("|")
        field, value = series_parts(series)[1:]
        if field == "channel":
            whole = {one.minute: dict(one.channels).get(value) for one in held[name, key]}
            assert {one.minute: one.arrivals for one in minutes}.items() <= whole.items()
        elif field == "kind":
            whole = {one.minute: one.negative for one in held[name, key]}
            assert {one.minute: one.arrivals for one in minutes}.items() <= whole.items()
