"""What a batch of mentions does to items: opened, folded, filtered, once each, in any order of arrival."""

import itertools
from collections import Counter
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from router_world import MINUTE, START, mention, said
from router_world import settings as standard
from story_messages import ORIGINALS, edits_of, sketch_of

from backbone.ids import derive
from backbone.records import Item
from contracts.mentions import ClassifiedMention
from services.router.domain.items import Effects, Known, conversation_of, decide
from services.router.domain.rules import RuleBook
from services.router.domain.settings import Queue, Target
from services.router.domain.verdicts import LEVELS, effective, priority

CHOSEN = standard()
QUEUES = {queue.name: queue for queue in CHOSEN.queues}
RULES = RuleBook(CHOSEN.rules, QUEUES)


def run(*mentions: ClassifiedMention, known: Known | None = None) -> Effects:
    return decide(mentions, known or Known(), RULES, QUEUES)


def after(effects: Effects, before: Known | None = None, **changes: object) -> Known:
    """What the desk knows once effects are stored; `changes` happen to every item."""
    before = before or Known()
    changed = [msgspec.structs.replace(item, **changes) for item in (*effects.opened, *effects.updated)]
    items = {**before.items, **{item.id: item for item in changed}}
    latest = {**before.latest, **{item.conversation: item for item in effects.opened}}
    latest = {key: items[item.id] for key, item in latest.items()}
    mentions = {**before.mentions, **{each.id: each for each in effects.mentions}}
    stories = {story.id: story for story in (*before.stories, *effects.begun, *effects.retold)}
    return Known(
        mentions=mentions,
        open={key: item for key, item in latest.items() if item.state != "done"},
        latest=latest,
        items=items,
        stories=sorted(stories.values(), key=lambda story: (story.first_at, story.id)),
        tellers=Counter((each.item_id, each.person) for each in mentions.values() if each.item_id),
    )


def done(effects: Effects, minute: float) -> Known:
    return after(effects, state="done", resolved_at=START + minute * MINUTE)


def the_item(effects: Effects) -> Item:
    (item,) = (*effects.opened, *effects.updated)
    return item


def test_the_first_mention_of_a_conversation_opens_an_item():
    """In the rule's queue, with the rule as reason and an id that follows from its cause."""
    effects = run(said(1, "high", text="  eerste\n regel  "))
    item = the_item(effects)
    assert (item.queue, item.reason, item.urgency, item.excerpt) == ("general", "rest", "high", "eerste regel")
    assert item.id == derive("item", item.conversation, "m1")
    assert item.due_at == START + 60 * MINUTE
    assert effects.due == ((item.id, item.due_at),)
    assert effects.counts == {("opened", "rest"): 1}
    assert [(each.outcome, each.item_id) for each in effects.mentions] == [("opened", item.id)]


def test_more_of_a_conversation_folds_into_its_item():
    """Counted, newest on top, the clock still from the first."""
    known = after(run(said(1, "high")))
    effects = run(said(2, minute=3, sentiment="negative", text="nog iets"), known=known)
    item = the_item(effects)
    assert (item.mentions, item.excerpt, item.sentiment, item.urgency) == (2, "nog iets", "negative", "high")
    assert item.due_at == START + 60 * MINUTE
    assert effects.counts == {("folded", ""): 1}
    assert effects.due == ()


def test_conversations_are_threads_else_authors_else_single_mentions():
    """Per brand and source; two unknown authors are two conversations."""
    assert conversation_of(mention(1, thread="t")) == conversation_of(mention(2, thread="t", author="bob"))
    assert conversation_of(mention(1)) == conversation_of(mention(2))
    assert conversation_of(mention(1)) != conversation_of(mention(1, brand="other"))
    assert conversation_of(mention(1)) != conversation_of(mention(1, source="other"))
    assert conversation_of(mention(1, author=None)) != conversation_of(mention(2, author=None))
    assert conversation_of(mention(1, thread="ann")) != conversation_of(mention(1))


@pytest.mark.parametrize(
    ("predicted", "counts_as"), [("low", "normal"), ("normal", "high"), ("high", "high"), ("critical", "critical")]
)
def test_an_unsure_verdict_counts_one_level_higher_but_never_as_critical(predicted, counts_as):
    """The item says that it is unsure; nobody is woken by a raise."""
    effects = run(said(1, predicted, unsure=True))
    assert (the_item(effects).urgency, the_item(effects).unsure) == (counts_as, True)
    assert len(effects.alarms) == (predicted == "critical")
    assert effective(said(1, predicted).verdict) == predicted


def test_priority_is_harm_first_and_then_who_needs_an_answer():
    """Every step of urgency outweighs all the rest."""
    order = [
        priority(level, intent, care)
        for level in reversed(LEVELS)
        for care in ("webcare", "community", "none")
        for intent in ("complaint", "remark")
    ]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


def test_rising_urgency_moves_the_item_and_brings_its_clock_forward():
    """To the queue of the rule that now fits, due as if the first mention had been that urgent."""
    known = after(run(said(1, "high")))
    effects = run(said(2, "critical", minute=2), known=known)
    item = the_item(effects)
    assert (item.queue, item.reason, item.urgency) == ("crisis", "danger", "critical")
    assert item.due_at == START + 5 * MINUTE
    assert item.id in effects.raised
    assert [alarm.item_id for alarm in effects.alarms] == [item.id]


def test_a_queue_with_more_patience_does_not_put_the_clock_back():
    """Danger moves it to a queue that promises less; what was promised stays."""
    patient = {**QUEUES, "crisis": Queue(name="crisis", targets={"critical": Target(within=180 * MINUTE)})}
    known = after(run(said(1, "high")))
    (item,) = decide([said(2, "critical", minute=2)], known, RULES, patient).updated
    assert (item.queue, item.due_at) == ("crisis", START + 60 * MINUTE)


def test_a_late_mention_never_lowers_urgency_or_takes_the_last_mention_back():
    """It is kept and counted; waiting began when the earlier one was said."""
    known = after(run(said(2, "high", minute=10)))
    item = the_item(run(said(1, "low", minute=5, text="eerder"), known=known))
    assert (item.urgency, item.last_mention_id, item.excerpt, item.mentions) == ("high", "m2", "bericht 2", 2)
    assert item.opened_at == START + 5 * MINUTE
    assert item.due_at == START + 65 * MINUTE


def test_a_clock_that_was_answered_does_not_start_again():
    """After the first reply a more urgent mention leaves the due time as it was."""
    known = after(run(said(1, "high")), first_reply_at=START + MINUTE)
    assert the_item(run(said(2, "critical", minute=2), known=known)).due_at == START + 60 * MINUTE


def test_a_newer_mention_after_done_opens_a_new_item():
    """Also one that was said just before the resolve but came in after it: nobody has seen it."""
    known = done(run(said(1)), minute=10)
    for minute in (5, 15):
        effects = run(said(2, minute=minute), known=known)
        assert [item.id for item in effects.opened] == [derive("item", conversation_of(mention(2)), "m2")]
        assert effects.updated == ()


def test_a_late_mention_does_not_reopen_what_is_newer():
    """It is folded into the done item, which stays as it is."""
    known = done(run(said(2, minute=5)), minute=10)
    effects = run(said(1, "high", minute=1), known=known)
    item = the_item(effects)
    assert (item.state, item.urgency, item.mentions, item.due_at) == ("done", "normal", 2, None)
    assert [(each.outcome, each.reason) for each in effects.mentions] == [("folded", "after_done")]


def test_a_late_critical_mention_is_not_buried_in_a_done_item():
    """Nobody saw it: it opens an item and wakes somebody."""
    known = done(run(said(2, minute=5)), minute=10)
    effects = run(said(1, "critical", minute=1), known=known)
    assert len(effects.opened) == 1
    assert effects.alarms[0].item_id == effects.opened[0].id


def test_a_second_arrival_is_a_duplicate_and_changes_nothing():
    """Same revision or an older one."""
    known = after(run(said(1, revision=2)))
    effects = run(said(1, revision=2), said(1, "critical", revision=1), known=known)
    assert effects.counts == {("duplicates", ""): 2}
    assert (effects.opened, effects.updated, effects.mentions, effects.alarms) == ((), (), (), ())


def test_an_edit_replaces_the_text_and_may_raise_the_item():
    """Counted as an edit, not as a mention more."""
    known = after(run(said(1)))
    effects = run(said(1, "critical", revision=1, text="gaslucht!"), known=known)
    item = the_item(effects)
    assert (item.mentions, item.excerpt, item.urgency) == (1, "gaslucht!", "critical")
    assert effects.counts == {("edits", ""): 1}
    assert len(effects.alarms) == 1
    again = run(said(1, "critical", revision=2), known=after(effects, known))
    assert again.alarms == ()


def test_an_edit_of_what_was_filtered_is_decided_anew():
    """What was not ours can become so; the id differs from any item of the first text."""
    known = after(run(said(1, care="none")))
    effects = run(said(1, revision=1), known=known)
    assert [item.id for item in effects.opened] == [derive("item", conversation_of(mention(1)), "m1", 1)]
    assert effects.counts == {("edits", ""): 1}


def test_an_edit_after_done_stays_done_unless_it_became_critical():
    """The text is replaced; only a new danger opens an item."""
    known = done(run(said(1)), minute=10)
    quiet = run(said(1, "high", revision=1, text="anders"), known=known)
    assert (quiet.opened, [each.text for each in quiet.mentions]) == ((), ["anders"])
    assert len(run(said(1, "critical", revision=1), known=known).opened) == 1


def test_what_a_rule_filters_is_kept_with_its_reason_and_touches_no_item():
    """Counted under the rule's name."""
    known = after(run(said(1)))
    effects = run(said(2, care="none"), known=known)
    assert effects.counts == {("filtered", "not_ours"): 1}
    assert [(each.outcome, each.reason, each.item_id) for each in effects.mentions] == [("filtered", "not_ours", None)]
    assert effects.updated == ()


def test_a_drill_stays_a_drill_until_a_real_mention_joins():
    """The mark goes with the item, and never hides something real."""
    known = after(run(said(1, drill=True)))
    assert the_item(run(said(2, drill=True), known=known)).drill
    assert not the_item(run(said(3), known=known)).drill


TEXTS = (
    "",
    "trein weer te laat",
    "RT @een: trein weer te laat",
    *ORIGINALS[:2],
    *itertools.islice(edits_of(ORIGINALS[0]), 4),
)


def saying(number: int, level: str, text: str, **changes: object) -> ClassifiedMention:
    """By whom and where follows from the number: an edit is by the same author in the same place."""
    who = {"author": ("ann", "bob", "cor", None)[number % 4], "channel": "dm" if number % 5 == 4 else "x"}
    return said(number, level, text=text, sketch=sketch_of(text), **who, **changes)


arrivals = st.lists(
    st.builds(
        saying,
        st.integers(1, 12),
        st.sampled_from(LEVELS),
        st.sampled_from(TEXTS),
        intent=st.sampled_from(["complaint", "remark"]),
        minute=st.integers(0, 20),
        revision=st.integers(0, 2),
        unsure=st.booleans(),
        care=st.sampled_from(["webcare", "none"]),
    ),
    max_size=14,
)


@settings(max_examples=80, deadline=None)
@given(arrivals, st.randoms(use_true_random=False))
def test_the_order_within_a_batch_does_not_matter(batch, random):
    """Mentions are applied by when they were said, so the same batch shuffled decides the same."""
    once = {(each.mention.id, each.mention.revision): each for each in batch}
    shuffled = list(once.values())
    random.shuffle(shuffled)
    assert run(*shuffled) == run(*once.values())


@settings(max_examples=80, deadline=None)
@given(arrivals, st.integers(0, 14))
def test_batches_may_be_cut_anywhere(batch, cut):
    """What comes in order gives the same items, whether in one batch or two: a crash in between changes nothing."""
    ordered = sorted(batch, key=lambda each: (each.mention.created_at, each.mention.id, each.mention.revision))
    whole = after(run(*ordered))
    first = after(run(*ordered[:cut]))
    assert after(run(*ordered[cut:], known=first), first) == whole


@settings(max_examples=80, deadline=None)
@given(arrivals, st.lists(st.integers(0, 14), max_size=3))
def test_every_mention_has_one_outcome_and_items_never_get_less_urgent(batch, cuts):
    """Counters add up to what came in, and what a person may rely on only moves one way."""
    known = Known()
    edges = sorted({0, len(batch), *cuts})
    total = 0
    for begin, end in itertools.pairwise(edges):
        effects = run(*batch[begin:end], known=known)
        total += sum(effects.counts.values())
        for item in effects.updated:
            before = known.items[item.id]
            assert LEVELS.index(item.urgency) >= LEVELS.index(before.urgency)
            assert item.last_mention_at >= before.last_mention_at
            assert before.due_at is None or (item.due_at is not None and item.due_at <= before.due_at)
        known = after(effects, known)
    assert total == len(batch)
    held = [each for each in known.mentions.values() if each.item_id]
    assert Counter(each.item_id for each in held) == {item.id: item.mentions for item in known.items.values()}
    people = Counter(item for item, _ in {(each.item_id, each.person) for each in held})
    assert people == {item.id: item.people for item in known.items.values()}
    private = {item.id for item in known.items.values() if item.channel == "dm"}
    assert not any(each.copied and (each.channel == "dm" or each.item_id in private) for each in held)
    assert all(timedelta(0) <= item.last_mention_at - item.opened_at for item in known.latest.values())
