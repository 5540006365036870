"""The pure parts of paging: digests, texts and sums."""

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from router_world import MINUTE, START, said, spike
from router_world import settings as standard

from backbone.records import Page
from contracts.mentions import Reason
from services.router.domain.conservation import conservation, incident_conservation, page_conservation
from services.router.domain.folding import opened
from services.router.domain.items import Alarm
from services.router.domain.settings import Paging
from services.router.incidents import critical_incident, spike_incident
from services.router.paging.bundling import RETRY_BUDGET, digest_id, place
from services.router.paging.texts import code_of, digest_text, page_text
from services.router.paging.words import number, odds, reason_in_words, series, window

PAGING = Paging(digest_after=3, digest_window=15 * MINUTE)


def page(minute: float, **changes: object) -> Page:
    """A critical page to anna, made at `minute`, about an incident of its own."""
    at = START + minute * MINUTE
    plain = Page(
        id=f"page{minute}",
        incident_id=f"inc{minute}",
        brand="acme",
        kind="critical",
        person="anna",
        channel="0:webhook",
        epoch=0,
        loop=0,
        step=0,
        state="accepted",
        reason="step_due",
        due_at=at,
        created_at=at,
        since=at,
        expires_at=at + RETRY_BUDGET,
        title="t",
        body="b",
    )
    return msgspec.structs.replace(plain, **changes)


def digest(minute: float, due: float, **changes: object) -> Page:
    at = START + due * MINUTE
    changes = {"state": "planned", "due_at": at, "expires_at": at + RETRY_BUDGET, **changes}
    return page(minute, id="digest", incident_id=None, kind="digest", **changes)


def placed(minute: float, *recent: Page, **changes: object) -> tuple[str, float | None]:
    """Why, and the minute of the digest if it goes into one."""
    new = page(minute, state="planned", **changes)
    found = place(new, recent, (), START + minute * MINUTE, PAGING)
    return found.reason, None if found.digest_at is None else (found.digest_at - START) / MINUTE


def test_the_first_few_go_at_once_and_the_next_waits_for_the_end_of_the_window():
    """The window began with its first page."""
    assert placed(2, page(0), page(1)) == ("within_limit", None)
    assert placed(3, page(0), page(1), page(2)) == ("flood", 15.0)


def test_further_pages_join_the_digest_that_waits():
    """One digest per person and window."""
    assert placed(9, page(0), page(1), page(2), digest(3, 15)) == ("flood", 15.0)


def test_after_the_digest_a_new_window_begins_with_it():
    """The digest counts as its first page, and what came before it no longer counts."""
    sent = (page(1), page(2), page(3), digest(4, 15, state="accepted"))
    assert placed(15.5, *sent) == ("within_limit", None)
    assert placed(17, *sent, page(15.5), page(16)) == ("flood", 30.0)


def test_pages_that_reached_nobody_do_not_count():
    """Superseded and bundled ones; one step over two channels counts once."""
    assert placed(3, page(0), page(1), page(2, state="superseded")) == ("within_limit", None)
    twice = page(1, id="other", channel="1:email")
    assert placed(3, page(0), page(1, state="failed"), twice) == ("within_limit", None)


def test_a_digest_that_was_taken_is_not_joined():
    """Its text is on its way: a page put into it would be lost."""
    taken = digest(3, 15, state="sending", attempts=1)
    assert placed(15.2, page(0), page(1), page(2), taken) == ("within_limit", None)
    assert placed(15, page(1), page(2), digest(3, 15)) == ("within_limit", None)


def test_the_last_resort_and_the_first_page_of_a_spike_never_wait():
    """Nor does a spike's second person in the same step; its second step may."""
    flood = (page(0), page(1), page(2))
    assert placed(3, *flood, last_resort=True) == ("last_resort", None)
    assert placed(3, *flood, kind="spike") == ("first_of_spike", None)
    new = page(3, state="planned", kind="spike")
    colleague = page(3, id="x", person="bram", kind="spike")
    assert place(new, flood, (colleague,), START + 3 * MINUTE, PAGING).reason == "first_of_spike"
    earlier = page(3, id="y", person="bram", kind="spike", step=1)
    assert place(new, flood, (earlier,), START + 3 * MINUTE, PAGING).reason == "flood"


def test_a_drill_holds_back_no_real_page():
    """Drill pages and real ones are counted apart and have digests of their own."""
    drills = [page(n, drill=True) for n in range(3)]
    assert placed(3, *drills) == ("within_limit", None)
    assert placed(3, *drills, drill=True) == ("flood", 15.0)
    assert digest_id("anna", START, drill=True) != digest_id("anna", START)


@given(st.lists(st.integers(0, 3600), min_size=1, max_size=60))
def test_no_quarter_of_an_hour_brings_a_person_a_flood(seconds):
    """Whatever comes when: at most six messages in any fifteen minutes, and every page goes out in time."""
    sent: list[datetime] = []
    known: list[Page] = []
    for n, second in enumerate(sorted(seconds)):
        now = START + timedelta(seconds=second)
        known = [msgspec.structs.replace(each, state="accepted") if each.due_at <= now else each for each in known]
        new = page(0, id=f"p{n}", incident_id=f"i{n}", state="planned", due_at=now, created_at=now)
        found = place(new, known, (), now, PAGING)
        if found.digest_id is None or found.digest_at is None:
            sent.append(now)
            known.append(new)
            continue
        assert now < found.digest_at <= now + PAGING.digest_window
        if all(each.id != found.digest_id for each in known):
            sent.append(found.digest_at)
            expires = found.digest_at + RETRY_BUDGET
            made = page(0, id=found.digest_id, kind="digest", state="planned", created_at=now)
            known.append(msgspec.structs.replace(made, due_at=found.digest_at, expires_at=expires))
    assert all(sum(at <= other < at + 15 * MINUTE for other in sent) <= 6 for at in sent)


CRITICAL = critical_incident(Alarm("conv_1", "item_1", said(1, "critical", text="Jan ruikt gas")), "crisis", START)
SPIKE = spike_incident(opened(spike()), START)


def test_a_spike_page_says_in_words_and_figures_what_it_rests_on():
    """Dutch first."""
    told = page_text(SPIKE, "nl", "https://care.example/")
    assert told.title == f"[{code_of(SPIKE.id)}] acme: piek in berichten"
    assert told.body.splitlines() == [
        "43 berichten in 15 minuten waar 0,6 wordt verwacht, van 38 mensen; kans 1 op 50 miljoen.",
        "80% negatief, 10% urgent.",
        f"Bekijk en bevestig: https://care.example/#/incident/{SPIKE.id}",
    ]


def test_a_critical_page_gives_reasons_and_no_words_of_the_message():
    """Names and texts stay on the desk; only codes go out, in words."""
    told = page_text(CRITICAL, "en", None)
    assert told.body == "Why: smell of gas or gas leak.\nThrough x, in queue crisis."
    for text in (told.title, told.body, str(CRITICAL.evidence)):
        assert "Jan" not in text
        assert "gaslucht" not in text
        assert "Ann" not in text


def test_the_reasons_that_made_it_critical_lead():
    """Others are named only where none of those is known."""
    grave, minor = Reason(code="threat", effect="urgency:critical"), Reason(code="time_left", effect="urgency:high")
    for reasons, named in (((minor, grave), ["threat"]), ((minor,), ["time_left"]), ((), [])):
        alarm = Alarm("conv_1", "item_1", said(1, "critical", reasons=reasons))
        assert critical_incident(alarm, "crisis", START).evidence["reasons"] == named


def test_a_drill_and_a_last_resort_say_so():
    """At the start of the title, and in the body."""
    drill = msgspec.structs.replace(CRITICAL, drill=True)
    assert page_text(drill, "nl", None).title.startswith("OEFENING [")
    assert "Dit is een oefening." in page_text(drill, "nl", None).body
    assert page_text(drill, "en", None).title.startswith("DRILL [")
    assert "Nobody else was reached" in page_text(CRITICAL, "en", None, last_resort=True).body


def test_a_digest_counts_per_brand_and_kind_and_names_the_codes():
    """So that a reader can find each of them."""
    told = digest_text([CRITICAL, SPIKE], "nl", None)
    assert told.title == "Verzameld: 2 incidenten"
    assert told.body == f"acme: 1 kritiek ({code_of(CRITICAL.id)})\nacme: 1 piek ({code_of(SPIKE.id)})"
    assert digest_text([CRITICAL], "en", None).title == "Digest: 1 incident"


@pytest.mark.parametrize(
    ("dutch", "english", "make"),
    [
        ("1.234", "1,234", lambda language: number(1234.4, language)),
        ("0,6", "0.6", lambda language: number(0.6, language)),
        ("3", "3", lambda language: number(3.0, language)),
        ("1 op 200", "1 in 200", lambda language: odds(0.005, language)),
        ("1 op 3 miljoen", "1 in 3 million", lambda language: odds(3e-7, language)),
        ("kleiner dan 1 op een miljard", "less than 1 in a billion", lambda language: odds(0.0, language)),
        ("1 minuut", "1 minute", lambda language: window(60, language)),
        ("6 uur", "6 hours", lambda language: window(21600, language)),
        ("berichten op x", "messages on x", lambda language: series("acme|channel=x", language)),
        ("negatieve berichten", "negative messages", lambda language: series("acme|kind=negative", language)),
        ("datelek uit 2020", "datelek uit 2020", lambda language: reason_in_words("datelek_uit_2020", language)),
    ],
)
def test_figures_and_codes_are_said_in_both_languages(dutch, english, make):
    """With each language's own marks."""
    assert (make("nl"), make("en")) == (dutch, english)


def test_the_settings_snapshot_is_the_brands_policy():
    """A brand's own list, else the one for the rest."""
    chosen = standard()
    assert chosen.snapshot("acme")["last_resort"] == "person:cor"


def test_the_conservation_law_names_each_part_and_what_is_missing():
    """Every accepted mention has one outcome; at rest none is left over."""
    counts = {("opened", "rest"): 3, ("opened", "danger"): 1, ("folded", ""): 2, ("duplicates", ""): 1}
    right = conservation(received=9, refused=2, accepted=7, counts=counts)
    assert (right.holds, right.in_flight) == (True, 0)
    assert right.sums["opened"] == 4
    waiting = conservation(received=10, refused=2, accepted=8, counts=counts)
    assert (waiting.holds, waiting.in_flight) == (False, 1)
    assert conservation(10, 2, 8, counts, at_rest=False).holds
    assert not conservation(9, 3, 6, counts, at_rest=False).holds
    assert not conservation(10, 2, 7, counts).holds


def test_pages_and_incidents_are_conserved_too():
    """Planned pages end somewhere, alarms open an incident or count on one."""
    counts = {("pages_planned", ""): 6, ("alarms", "critical"): 3, ("incidents_opened", "critical"): 1}
    counts["incidents_folded", "critical"] = 2
    states = {"accepted": 1, "read": 1, "failed": 1, "superseded": 1, "bundled": 1, "due": 1}
    assert (page_conservation(states, counts).holds, page_conservation(states, counts).in_flight) == (True, 1)
    assert not page_conservation({"accepted": 5}, counts).holds
    assert incident_conservation(1, counts).holds
    assert not incident_conservation(2, counts).holds
