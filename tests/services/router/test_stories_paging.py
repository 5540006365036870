"""Stories: mentions at t, pages wanted at t, and silence elsewhere."""

import msgspec
from router_world import MINUTE, World, person, said, spike
from router_world import settings as standard

from backbone.ports import Delivery
from backbone.records import Timer
from services.router.domain.conservation import incident_conservation, page_conservation
from services.router.domain.settings import Paging

AWAY = Delivery(outcome="temporary", detail="503")
GONE = Delivery(outcome="permanent", detail="404")


async def conserved(world: World) -> bool:
    """Every page planned ended somewhere or is still open; every alarm is an incident or counted on one."""
    counts = await world.desk.counts()
    states: dict[str, int] = {}
    for page in await world.page_states():
        states[page.state] = states.get(page.state, 0) + 1
    opened = len(await world.incidents())
    return page_conservation(states, counts).holds and incident_conservation(opened, counts).holds


async def test_a_quiet_day_wakes_nobody(world: World):
    """Questions, complaints and thanks fill the queue and send nothing."""
    for n in range(1, 21):
        await world.tell(said(n, ("low", "normal", "high")[n % 3], minute=n, author=f"a{n}"))
        await world.pass_time(n)
    await world.pass_time(24 * 60)
    assert world.pages() == []


async def test_a_critical_mention_wakes_who_is_on_call_and_then_the_others(world: World):
    """Anna at once, Bram after ten minutes, the last resort after ten more; then nobody is left to wake."""
    await world.tell(said(1, "critical"))
    await world.pass_time(24 * 60)
    assert world.pages() == [(0.0, "anna"), (10.0, "bram"), (20.0, "cor")]
    first, second, _ = world.inbox.notices
    assert "gaslucht of gaslek" in first.body
    assert "smell of gas" in second.body
    assert len(set(world.inbox.keys)) == 3
    pages = await world.page_states()
    assert [(page.state, page.provider_ref) for page in pages] == [("accepted", f"ref-{n}") for n in (1, 2, 3)]
    assert await conserved(world)


async def test_an_acknowledgement_brings_silence(world: World):
    """Nobody is paged after it; without an end it lasts."""
    await world.tell(said(1, "critical"))
    await world.pass_time(5)
    await world.acknowledge((await world.incidents())[0], "anna", minutes=None)
    await world.pass_time(24 * 60)
    assert world.pages() == [(0.0, "anna")]


async def test_a_timer_that_fires_after_the_acknowledgement_changes_nothing(world: World):
    """It was set by another process in the same moment; the incident does not call itself unreached."""
    await world.tell(said(1, "critical"))
    held = await world.acknowledge((await world.incidents())[0], "anna", minutes=None)
    async with world.desk.transaction() as tx:
        await tx.schedule(Timer(kind="escalate", subject=held.id, due_at=world.clock.now(), data={"epoch": 0}))
    await world.router.settle()
    assert await world.incidents() == [held]
    assert world.pages() == [(0.0, "anna")]


async def test_an_acknowledgement_that_runs_out_starts_again(world: World):
    """Acked and forgotten: after half an hour the list begins anew, with new pages."""
    await world.tell(said(1, "critical"))
    await world.acknowledge((await world.incidents())[0], "anna")
    await world.pass_time(45)
    assert world.pages() == [(0.0, "anna"), (30.0, "anna"), (40.0, "bram")]
    assert (await world.incidents())[0].epoch == 1
    assert len(set(world.inbox.keys)) == 3


async def test_a_resolved_item_ends_its_incident_and_new_danger_begins_another(world: World):
    """No page after the resolve; a closed incident never reopens."""
    await world.tell(said(1, "critical"))
    await world.pass_time(5)
    await world.finish((await world.items())["m1"])
    await world.pass_time(60)
    assert world.pages() == [(0.0, "anna")]
    await world.tell(said(2, "critical", minute=60))
    assert world.pages() == [(0.0, "anna"), (60.0, "anna")]
    assert [incident.state for incident in await world.incidents()] == ["resolved", "triggered"]
    assert await conserved(world)


async def test_more_danger_in_one_conversation_is_one_page(world: World):
    """Ten critical mentions of one author: one incident."""
    for n in range(1, 11):
        await world.tell(said(n, "critical", minute=n / 10))
    await world.pass_time(9)
    assert world.pages() == [(0.0, "anna")]


async def test_pages_after_the_acknowledgement_are_not_sent(world: World):
    """Planned, then acknowledged before the send: superseded."""
    await world.router.mentions.assigned({})
    await world.router.mentions.handle([world.deliver(said(1, "critical"))], ())
    await world.router.timers.step()
    await world.acknowledge((await world.incidents())[0], "anna", minutes=None)
    await world.router.settle()
    assert world.pages() == []
    assert [page.state for page in await world.page_states()] == ["superseded"]
    assert await conserved(world)


async def test_an_acknowledgement_between_taking_and_sending_still_counts(world: World):
    """The pager died holding a page; by the time it is taken again somebody has acknowledged."""
    await world.router.mentions.assigned({})
    await world.router.mentions.handle([world.deliver(said(1, "critical"))], ())
    await world.router.timers.step()
    async with world.desk.transaction() as tx:
        await tx.take_pages("pager-1", world.clock.now(), world.clock.now() + MINUTE, 10)
    await world.acknowledge((await world.incidents())[0], "anna", minutes=None)
    await world.restart().pager.step()
    assert world.pages() == []
    (page,) = await world.page_states()
    async with world.desk.reading() as tx:
        attempts = await tx.attempts(page.id)
        trail = await tx.audit(subject=page.id)
    assert page.state == "superseded"
    assert attempts[0].outcome == "unknown"
    assert trail[-1].reason == "incident_acknowledged"


async def test_a_crash_between_send_and_result_sends_again_with_the_same_key(world: World):
    """The receiver can tell that it is the same page."""
    await world.tell(said(1))
    await world.router.mentions.handle([world.deliver(said(2, "critical", author="bob"))], ())
    await world.router.timers.step()
    async with world.desk.transaction() as tx:
        (page,) = await tx.take_pages("pager-1", world.clock.now(), world.clock.now() + MINUTE, 10)
    world.restart()
    await world.router.settle()
    async with world.desk.reading() as tx:
        outcomes = [attempt.outcome for attempt in await tx.attempts(page.id)]
    assert (world.inbox.keys, outcomes) == ([page.id], ["unknown", "accepted"])


async def test_a_provider_that_is_away_is_tried_again_and_then_the_next_channel(make_world):
    """Retries within the budget, the next channel at once after it; long before the next step."""
    people = (person("anna", "webhook", "email"), person("bram"), person("cor"))
    world = await make_world(people=people)
    world.inbox.answers["anna"] = [AWAY] * 100
    await world.tell(said(1, "critical"))
    await world.pass_time(9)
    assert [notice.person for notice in world.mail.notices] == ["anna"]
    assert world.inbox.notices == []
    (at,) = [minute for minute, _ in world.pages()]
    assert 1.5 <= at <= 2.0
    assert 6 <= world.inbox.keys.count(world.inbox.keys[0]) == len(world.inbox.keys) <= 20
    assert await conserved(world)


async def test_a_short_outage_costs_seconds(world: World):
    """Two refusals, then it goes through: one page."""
    world.inbox.answers["anna"] = [AWAY, AWAY]
    await world.tell(said(1, "critical"))
    await world.pass_time(1)
    assert world.pages() == [(0.05, "anna")]


async def test_a_channel_that_is_gone_is_left_at_once(make_world):
    """A permanent failure, or a kind that has no notifier: the next channel in the same second."""
    for kinds in (("webhook", "email"), ("record", "email")):
        world = await make_world(people=(person("anna", *kinds), person("bram"), person("cor")))
        world.inbox.answers["anna"] = [GONE]
        await world.tell(said(1, "critical"))
        assert [(minute, len(world.mail.notices)) for minute, _ in world.pages()] == [(0.0, 1)]


async def test_who_cannot_be_reached_does_not_cost_the_wait_for_the_next_step(world: World):
    """Anna's only channel is gone: Bram at once; his too: the last resort at once."""
    world.inbox.answers = {"anna": [GONE], "bram": [GONE]}
    await world.tell(said(1, "critical"))
    await world.pass_time(60)
    assert world.pages() == [(0.0, "cor")]
    assert await conserved(world)


async def test_where_nobody_is_reached_the_incident_says_so(world: World):
    """Every channel of everybody is gone: the timeline names it, and the incident stays open."""
    world.inbox.answers = {"anna": [GONE], "bram": [GONE], "cor": [GONE]}
    await world.tell(said(1, "critical"))
    await world.pass_time(60)
    (incident,) = await world.incidents()
    assert (incident.state, incident.evidence["unreached"]) == ("triggered", "no_channel_left")
    async with world.desk.reading() as tx:
        assert "no_channel_left" in [entry.reason for entry in await tx.audit(incident_id=incident.id)]
    assert await conserved(world)


async def test_a_notifier_that_breaks_does_not_keep_others_from_being_paged(make_world):
    """An error of ours in one channel is a temporary failure of that page only."""
    world = await make_world(people=(person("anna"), person("bram", "email"), person("cor")))
    world.inbox.send = _broken
    both = standard().policies["*"]
    step = msgspec.structs.replace(both.steps[0], notify=("person:anna", "person:bram"))
    world.settings = msgspec.structs.replace(
        world.settings, policies={"*": msgspec.structs.replace(both, steps=(step,), last_resort=None)}
    )
    world.restart()
    await world.tell(said(1, "critical"))
    assert world.pages() == [(0.0, "bram")]
    assert [page.state for page in await world.page_states()] == ["accepted", "due"]


async def _broken(notice, idempotency_key):
    raise ValueError("broken")


async def test_a_storm_of_critical_mentions_becomes_a_few_pages_and_digests(world: World):
    """Fifty conversations in fifty minutes: three pages, then a digest at the end of each window, never a flood."""
    world.settings = standard(policies=_only_anna())
    world.restart()
    for n in range(1, 51):
        await world.pass_time(n)
        await world.tell(said(n, "critical", minute=n, author=f"a{n}"))
    await world.pass_time(90)
    kinds = [(notice.kind, minute) for notice, (minute, _) in zip(world.inbox.notices, world.pages(), strict=True)]
    assert [minute for kind, minute in kinds if kind == "digest"] == [16.0, 31.0, 46.0, 61.0]
    assert [minute for kind, minute in kinds if kind != "digest"] == [1.0, 2.0, 3.0, 16.0, 17.0, 31.0, 32.0, 46.0, 47.0]
    named = [notice.body for notice in world.inbox.notices if notice.kind == "digest"]
    told = sum(int(body.split(":")[1].split()[0]) for body in named)
    assert told + 9 == 50
    assert await conserved(world)


def _only_anna():
    plain = standard().policies["*"]
    return {"*": msgspec.structs.replace(plain, steps=plain.steps[:1], last_resort=None)}


async def test_what_is_acknowledged_before_the_digest_is_left_out_of_it(world: World):
    """Of two, one is named; of none, nothing is sent."""
    world.settings = standard(policies=_only_anna(), paging=Paging(digest_after=1))
    world.restart()
    for n in (1, 2, 3):
        await world.tell(said(n, "critical", author=f"a{n}"))
    incidents = {incident.item_id: incident for incident in await world.incidents()}
    items = await world.items()
    second, third = incidents[items["m2"].id], incidents[items["m3"].id]
    await world.acknowledge(second, "anna", minutes=None)
    await world.pass_time(20)
    assert [(minute, notice.kind) for (minute, _), notice in zip(world.pages(), world.inbox.notices, strict=True)] == [
        (0.0, "critical"),
        (15.0, "digest"),
    ]
    assert world.inbox.notices[1].title == "Verzameld: 1 incident"
    await world.tell(said(4, "critical", minute=20, author="a4"))
    await world.acknowledge((await world.incidents())[-1], "anna", minutes=None)
    await world.acknowledge(third, "anna", minutes=None)
    await world.pass_time(90)
    assert len(world.inbox.notices) == 2
    assert sorted(page.state for page in await world.page_states() if page.kind == "digest") == [
        "accepted",
        "superseded",
    ]
    assert await conserved(world)


async def test_a_digest_that_fails_goes_by_the_next_channel_with_its_content(make_world):
    """The fallback names the same incidents."""
    people = (person("anna", "webhook", "email"), person("bram"), person("cor"))
    world = await make_world(people=people, policies=_only_anna(), paging=Paging(digest_after=1))
    for n in (1, 2, 3):
        await world.tell(said(n, "critical", author=f"a{n}"))
    world.inbox.answers["anna"] = [GONE]
    await world.pass_time(20)
    assert [(notice.kind, notice.title) for notice in world.mail.notices] == [("digest", "Verzameld: 2 incidenten")]
    assert await conserved(world)


async def test_the_first_page_of_a_spike_is_never_bundled(world: World):
    """In the middle of a storm of critical mentions a new spike still comes at once."""
    for n in range(1, 7):
        await world.tell(said(n, "critical", author=f"a{n}"))
    await world.pass_time(2)
    await world.grow(spike(minute=2))
    anna = [(notice.kind, notice.at) for notice in world.inbox.notices if notice.person == "anna"]
    assert [kind for kind, _ in anna] == ["critical"] * 3 + ["spike"]


async def test_a_spike_that_is_over_before_the_second_step_wakes_nobody_else(world: World):
    """Its incident is resolved with it."""
    await world.grow(spike())
    await world.pass_time(8)
    await world.grow(spike("closed", minute=8))
    await world.pass_time(60)
    assert world.pages() == [(0.0, "anna")]


async def test_a_drill_pages_like_the_real_thing_and_says_what_it_is(world: World):
    """Marked in the title and on the notice; it does not use up the real pages."""
    for n in range(1, 5):
        await world.tell(said(n, "critical", author=f"a{n}", brand="drill", drill=True))
    await world.tell(said(9, "critical", author="real"))
    notices = [notice for notice in world.inbox.notices if notice.person == "anna"]
    assert [notice.drill for notice in notices] == [True, True, True, False]
    assert notices[0].title.startswith("OEFENING")
    assert not notices[3].title.startswith("OEFENING")


async def test_deadlines_and_leases_fall_when_their_time_has_come(world: World):
    """Overdue at the minute; a forgotten claim goes back to its queue."""
    await world.tell(said(1, "high"))
    item = (await world.items())["m1"]
    await world.pass_time(50)
    async with world.desk.transaction() as tx:
        await tx.claim(item.id, "anna", world.clock.now() + 15 * MINUTE, world.cause())
    await world.pass_time(59.9)
    assert not (await world.items())["m1"].overdue
    await world.pass_time(60)
    assert (await world.items())["m1"].overdue
    assert (await world.items())["m1"].state == "claimed"
    await world.pass_time(65)
    assert (await world.items())["m1"].state == "waiting"


async def test_a_restart_at_any_step_gives_the_same_pages(make_world):
    """A new process after every minute: same pages, same ids, nothing twice."""
    steady, shaken = await make_world(), await make_world()
    for world in (steady, shaken):
        for minute in range(30):
            if world is shaken:
                world.restart()
            if minute % 4 == 0:
                await world.tell(said(minute + 1, "critical", minute=minute, author=f"a{minute}"))
            await world.pass_time(minute + 1)
    assert steady.pages() == shaken.pages()
    assert [page.id for page in await steady.page_states()] == [page.id for page in await shaken.page_states()]
