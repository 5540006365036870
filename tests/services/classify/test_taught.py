"""Corrections become labelled rows, or are held back for a named reason."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from backbone.corrections import Correction
from backbone.records import StoredMention
from services.classify.taught import COLUMNS, Row, taught

VERDICT = {"lang": "nl", "urgency": "normal", "sentiment": "neutral", "intent": "question", "care": "webcare"}
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def mention(name: str, text: str, **changes: Any) -> StoredMention:
    plain = StoredMention(
        id=f"men_{name}",
        revision=0,
        brand="acme",
        item_id="itm_1",
        outcome="opened",
        reason="rest",
        created_at=NOW,
        text=text,
        author_name="Eva Jansen",
        url="https://social.example/eva/1",
        verdict=VERDICT,
    )
    return msgspec.structs.replace(plain, **changes)


def said(of: StoredMention, by: str = "anna", **heads: Any) -> Correction:
    plain = Correction(mention_id=of.id, person=by, revision=0, brand="acme", at=NOW, settles=False)
    return msgspec.structs.replace(plain, **heads)


def test_a_row_has_the_columns_of_the_corpus_and_nothing_of_a_person() -> None:
    assert Row.__struct_fields__ == COLUMNS
    one = mention("1", "Mijn oplader rookt! Eva Jansen, 06-12345678")
    found = taught([(one, [said(one, urgency="critical", lang="en")])])
    [row] = found.rows
    assert (row.text, row.lang) == ("Mijn oplader rookt! Naam, 06-00000000", "en")
    assert (row.urgency, row.sentiment, row.intent, row.care) == ("critical", "neutral", "question", "webcare")
    assert (one.id in row.id, found.held_back) == (False, {})


def test_the_language_is_the_verdicts_where_nobody_corrects_it() -> None:
    one, other = mention("1", "Hallo"), mention("2", "Bonjour", verdict={**VERDICT, "lang": None})
    rows = taught([(one, [said(one, urgency="low")]), (other, [said(other, urgency="low")])]).rows
    assert {row.text: row.lang for row in rows} == {"Hallo": "nl", "Bonjour": "und"}


def test_copies_are_one_row_whatever_their_case_handles_and_order() -> None:
    one, copy = mention("1", "@a De trein  staat stil"), mention("2", "@bcd de TREIN staat stil")
    pairs = [(one, [said(one, urgency="high")]), (copy, [said(copy, "bram", sentiment="negative")])]
    [row] = taught(pairs).rows
    assert (row.urgency, row.sentiment, row.text) == ("high", "negative", "@user De trein  staat stil")
    assert taught(pairs[::-1]) == taught(pairs)


def test_what_tells_nothing_is_held_back_and_counted() -> None:
    disputed, drill, edited = mention("1", "Ene"), mention("2", "Oefening", drill=True), mention("3", "Nu", revision=1)
    empty, copy = mention("4", "  "), mention("5", "ene")
    found = taught(
        [
            (disputed, [said(disputed, urgency="low")]),
            (copy, [said(copy, "bram", urgency="high")]),
            (drill, [said(drill, urgency="low")]),
            (edited, [said(edited, urgency="low")]),
            (empty, [said(empty, urgency="low")]),
        ]
    )
    assert (found.rows, found.held_back) == ([], {"disputed": 1, "drill": 1, "edited": 1, "no_text": 1})


def test_a_lead_settles_a_disputed_text() -> None:
    one = mention("1", "Ene")
    words = [
        said(one, urgency="low"),
        said(one, "bram", urgency="high"),
        said(one, "lea", urgency="high", settles=True),
    ]
    [row] = taught([(one, words)]).rows
    assert row.urgency == "high"
