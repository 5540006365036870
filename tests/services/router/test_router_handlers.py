"""The handlers on a real desk: one transaction per batch, offsets with effects, nothing twice."""

import msgspec
import pytest
from router_world import MINUTE, START, World, said, spike

from backbone.errors import Conflict, Unavailable
from backbone.handling import Delivered
from backbone.ports import ItemFilter, Partition
from contracts.mentions import Origin
from contracts.work import DeadLetter, WorkEvent
from services.router.domain.conservation import conservation, total

PLACE = Partition("mentions.classified", 0)


async def test_a_batch_becomes_items_with_clocks_and_counters(world: World):
    """Items, mentions, timers, counters and both kinds of offsets, in one go."""
    await world.tell(said(1, "high"), said(2, care="none", author="bob"), said(3, author="bob"), said(4))
    items = await world.items()
    assert (items["m1"].id, items["m1"].mentions) == (items["m4"].id, 2)
    assert items["m3"].queue == "general"
    assert await world.desk.next_due() == START + 60 * MINUTE
    counts = await world.desk.counts()
    assert counts["opened", "rest"] == 2
    assert counts["filtered", "not_ours"] == 1
    assert counts["folded", ""] == 1
    assert await world.desk.offsets("router") == {PLACE: 4}
    assert await world.desk.offsets("router.origin") == {Partition("mentions.raw", 0): 5}


async def test_the_same_batch_twice_has_the_effect_of_once(world: World):
    """Again in the same process, and again in a new one that asked where the desk stands."""
    batch = [world.deliver(said(1)), world.deliver(said(2, "critical", author="bob"))]
    dead = [world.rejected()]
    await world.router.mentions.assigned({PLACE: 0})
    await world.router.mentions.handle(batch, dead)
    before = (await world.desk.counts(), await world.items())
    await world.router.mentions.handle(batch, dead)
    assert await world.restart().mentions.assigned({PLACE: 0}) == {PLACE: 3}
    await world.router.mentions.handle(batch, dead)
    assert (await world.desk.counts(), await world.items()) == before


async def test_a_redelivered_origin_is_dropped_and_not_counted(world: World):
    """The classifier crashed and wrote the same mention again, at a new offset."""
    await world.tell(said(1))
    await world.tell(said(1), said(2))
    counts = await world.desk.counts()
    assert (total(counts, "duplicates"), total(counts, "opened"), total(counts, "folded")) == (0, 1, 1)
    assert await world.desk.offsets("router") == {PLACE: 3}


async def test_a_second_arrival_through_another_lane_is_a_duplicate(world: World):
    """Same mention, other origin: accepted twice, handled once."""
    twin = msgspec.structs.replace(said(1), origin=Origin(topic="mentions.express", partition=0, offset=0))
    await world.tell(said(1), twin)
    assert (await world.desk.counts())["duplicates", ""] == 1
    assert (await world.items())["m1"].mentions == 1


async def test_who_lost_the_partition_changes_nothing(make_world):
    """The desk stands elsewhere: Conflict, and no effect at all."""
    world = await make_world()
    await world.router.mentions.assigned({PLACE: 0})
    loser = world.router
    world.restart()
    batch = [world.deliver(said(1))]
    await world.tell(said(2))
    with pytest.raises(Conflict) as refused:
        await loser.mentions.handle(batch, ())
    assert refused.value.code == "offset_taken"
    assert list(await world.items()) == ["m2"]
    assert await loser.mentions.assigned({PLACE: 0}) == {PLACE: 2}


async def test_a_rejected_record_goes_to_the_dead_letters_with_its_count(world: World):
    """In the same transaction as the offset, whole, with the reason."""
    await world.router.mentions.assigned({PLACE: 0})
    naive = said(7, created_at=START.replace(tzinfo=None))
    await world.router.mentions.handle([world.deliver(said(1)), world.deliver(naive)], [world.rejected()])
    await world.router.settle()
    letters = [
        msgspec.json.decode(record.value, type=DeadLetter)
        for record in world.log.records
        if record.topic == "mentions.classified.dead"
    ]
    assert [(each.reason, each.offset, each.group) for each in letters] == [
        ("not_json", 2, "router"),
        ("no_time_zone", 1, "router"),
    ]
    assert letters[0].payload == b"{"
    counts = await world.desk.counts()
    assert (counts["dead", "not_json"], counts["dead", "no_time_zone"]) == (1, 1)
    assert conservation(3, 0, 3, counts).holds
    assert await world.desk.offsets("router") == {PLACE: 3}


async def test_every_change_reaches_the_log_in_order_and_again_after_a_crash(world: World):
    """A log that is away loses nothing; the same events have the same ids."""
    world.log.fails = Unavailable("the log is away")
    with pytest.raises(Unavailable):
        await world.tell(said(1), said(2, author="bob"))
    world.log.fails = None
    await world.router.settle()
    events = [msgspec.json.decode(record.value, type=WorkEvent) for record in world.log.records]
    assert [event.kind for event in events] == ["item.opened", "item.opened"]
    assert len({event.id for event in events}) == 2
    await world.router.settle()
    assert len(world.log.records) == 2


async def test_a_critical_mention_opens_one_incident_per_conversation(world: World):
    """Linked to its item; more of the same conversation is counted on it."""
    await world.tell(said(1, "critical"), said(2, "critical", minute=1), said(3, "critical", author="bob"))
    incidents = await world.incidents()
    items = await world.items()
    assert sorted(incident.mentions for incident in incidents) == [1, 2]
    assert {items["m1"].incident_id, items["m3"].incident_id} == {incident.id for incident in incidents}
    assert all(incident.evidence["reasons"] == ["gas_danger"] for incident in incidents)
    counts = await world.desk.counts()
    assert (counts["alarms", "critical"], counts["incidents_opened", "critical"]) == (3, 2)


async def test_an_unsure_high_mention_wakes_nobody(world: World):
    """It goes one level higher, never to critical."""
    await world.tell(said(1, "high", unsure=True), said(2, unsure=True, author="bob"))
    assert await world.incidents() == []
    assert {item.urgency for item in (await world.items()).values()} == {"high"}


async def test_a_spike_opens_updates_and_resolves_its_incident(world: World):
    """Its evidence is the latest; over means resolved, with the reason."""
    await world.grow(spike())
    (incident,) = await world.incidents()
    assert (incident.kind, incident.evidence["seen"], incident.spike_id) == ("spike", 43, "spike1")
    more = spike("updated", minute=5)
    more = msgspec.structs.replace(more, evidence=msgspec.structs.replace(more.evidence, seen=99))
    await world.grow(more)
    assert (await world.incidents())[0].evidence["seen"] == 99
    await world.grow(spike("closed", minute=70))
    (closed,) = await world.incidents()
    assert closed.state == "resolved"
    (known,) = await _spikes(world)
    async with world.desk.reading() as tx:
        trail = await tx.audit(incident_id=incident.id)
    assert known.closed_at == START + 70 * MINUTE
    assert trail[-1].reason == "spike_over"


async def test_spike_events_that_come_again_change_nothing(world: World):
    """Opened twice, updated after closed, closed for a spike nobody heard of."""
    await world.grow(spike(), spike())
    await world.grow(spike("closed", minute=60))
    before = (await world.incidents(), await _spikes(world))
    late = spike("updated", minute=61)
    late = msgspec.structs.replace(late, evidence=msgspec.structs.replace(late.evidence, seen=99))
    await world.grow(spike(), late, spike("closed", minute=62))
    await world.grow(spike("closed", minute=63, number=2))
    assert (await world.incidents(), await _spikes(world)) == before


async def _spikes(world: World):
    async with world.desk.reading() as tx:
        return await tx.spikes(None, open_only=False, limit=10)


async def test_an_update_of_an_unheard_of_spike_opens_it(world: World):
    """Its opening may be in the dead letters: better late than never."""
    await world.grow(spike("updated", minute=2))
    assert [incident.state for incident in await world.incidents()] == ["triggered"]


async def test_batches_cut_by_crashes_end_as_one_batch_does(make_world):
    """Two batches in two processes, or one: the same items in the same states."""
    batch = [said(n, ("low", "high", "critical")[n % 3], minute=n, author="abc"[n % 2]) for n in range(1, 12)]
    one, two = await make_world(), await make_world()
    await one.tell(*batch)
    await two.tell(*batch[:5])
    two.restart()
    await two.tell(*batch[3:])
    assert {key: _lasting(item) for key, item in (await one.items()).items()} == {
        key: _lasting(item) for key, item in (await two.items()).items()
    }
    assert [incident.id for incident in await one.incidents()] == [incident.id for incident in await two.incidents()]


def _lasting(item):
    return msgspec.structs.replace(item, seq=0)


async def test_thousands_of_mentions_are_stored_and_add_up(world: World):
    """Batches of five hundred from many authors; the queue's figures and the law agree."""
    await world.router.mentions.assigned({PLACE: 0})
    for begin in range(0, 1500, 500):
        batch = [
            Delivered(world.record("mentions.classified", b"{}"), said(n, minute=n / 100, author=f"a{n % 700}"))
            for n in range(begin, begin + 500)
        ]
        await world.router.mentions.handle(batch, ())
    counts = await world.desk.counts()
    assert conservation(1500, 0, 1500, counts).holds
    async with world.desk.reading() as tx:
        figures = await tx.queues(None)
        page = await tx.items(ItemFilter(limit=10))
    assert sum(each.waiting for each in figures) == total(counts, "opened") == 700
    assert len(page.items) == 10
