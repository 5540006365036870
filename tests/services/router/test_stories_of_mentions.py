"""Which story a mention tells: on messages of our own, with the edits people make, and what must stay apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from story_messages import APART, ORIGINALS, edits_of, says, sketch_of

from contracts.mentions import ClassifiedMention
from services.router.domain.likeness import Likeness, alike, keys_of
from services.router.domain.stories import LASTS, Stories, is_marked, is_private, person_of

TEXT = ORIGINALS[0]
SHORT = "trein weer te laat"


def like(told: str, newer: str, *, marked: bool = False) -> Likeness | None:
    return alike(sketch_of(told), sketch_of(newer), marked=marked)


def story_of(book: Stories, said: ClassifiedMention) -> str | None:
    """The story it tells, begun if there is none."""
    telling = book.find(said)
    if telling is not None:
        book.tell(telling.story, said, None)
        return telling.story.id
    begun = book.begin(said, "item")
    return None if begun is None else begun.id


def test_of_reposts_and_edited_copies_at_least_95_in_100_tell_the_story_of_the_original() -> None:
    """With all other originals there to be mistaken for; and no original tells the story of another."""
    book = Stories(())
    stories = [story_of(book, says(number, text)) for number, text in enumerate(ORIGINALS)]
    assert len(set(stories)) == len(ORIGINALS)
    tried = [
        (story, story_of(book, says(100 + number, copy)))
        for number, (story, copy) in enumerate(
            (story, copy) for story, text in zip(stories, ORIGINALS, strict=True) for copy in edits_of(text)
        )
    ]
    found = sum(story == told for story, told in tried)
    assert len(tried) >= 250
    assert found >= 0.95 * len(tried)
    begun = {story.id for story in book.begun()}
    assert all(told == story or told in begun - set(stories) for story, told in tried)


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_only_looks_alike_is_two_stories_whichever_comes_first(one: str, other: str) -> None:
    assert like(one, other) is None
    assert like(other, one) is None


def test_how_a_copy_is_like_the_original() -> None:
    words = TEXT.split(" ")
    assert like(TEXT, TEXT + " 😡") == Likeness("same", 0)
    assert like(TEXT, " ".join(words[:11]) + " de re…") == Likeness("cut", 0)
    assert like(" ".join(words[:11]) + " de re…", TEXT) == Likeness("cut", 0)
    assert like(TEXT, "Ook dat nog! " + TEXT) == Likeness("around", 3)
    assert like("Ook dat nog! " + TEXT, TEXT) == Likeness("around", 0)
    assert like(TEXT, " ".join([*words[:12], "nu", *words[12:]]) + " en verder") is None
    long = " ".join(f"woord{chr(97 + n % 26)}{n // 26 * 'z'}" for n in range(32))
    assert like(long, long.replace("woordm", "anders")) == Likeness("near", 0)


def test_somebodys_own_words_around_a_quote_are_told_only_where_it_is_marked_as_one() -> None:
    own = "ik sta hier nu ook al twee uur met twee kleine kinderen " + TEXT
    assert like(TEXT, own) is None
    marked = like(TEXT, own, marked=True)
    assert marked == Likeness("around", 12)


def test_a_beginning_alone_is_no_copy_unless_it_says_that_it_was_cut_off() -> None:
    """Two people may begin in the same way."""
    begin = "Kan ik mijn abonnement opzeggen"
    assert like(begin + " via de app of moet ik daarvoor bellen", begin) is None
    assert like(begin + " via de app of moet ik daarvoor bellen", begin + " via de…") == Likeness("cut", 0)


def test_a_cut_off_text_may_lack_figures_and_a_whole_one_may_not() -> None:
    whole = "Het pakket voor mijn moeder is nog niet bezorgd, bestelling 7713"
    assert like(whole, "Het pakket voor mijn moeder is nog niet bez…") == Likeness("cut", 0)
    assert like(whole, "Het pakket voor mijn moeder is nog niet bezorgd") is None


def test_short_texts_are_the_same_only_word_for_word() -> None:
    assert like(SHORT, SHORT.upper() + "!!") == Likeness("same", 0)
    assert like(SHORT, SHORT + " vandaag") is None
    assert like("", "") is None


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.lists(st.sampled_from("abcdefgh"), max_size=30))
def test_being_alike_does_not_depend_on_who_was_first(one: list[str], other: list[str]) -> None:
    forth, back = like(" ".join(one), " ".join(other)), like(" ".join(other), " ".join(one))
    assert (forth is None) == (back is None)
    if forth is not None and back is not None:
        assert forth.kind == back.kind
        assert keys_of("A", False, sketch_of(" ".join(one))).kept


def test_brands_and_drills_have_stories_of_their_own() -> None:
    book = Stories(())
    story_of(book, says(1, TEXT))
    assert book.find(says(2, TEXT, brand="other")) is None
    assert book.find(says(2, TEXT, drill=True)) is None
    assert book.find(says(2, TEXT)) is not None
    assert set(keys_of("a", False, sketch_of(TEXT)).kept).isdisjoint(keys_of("a", True, sketch_of(TEXT)).sought)


def test_a_story_is_looked_for_as_long_after_it_was_last_told() -> None:
    minutes = LASTS.total_seconds() / 60
    book = Stories(())
    story_of(book, says(1, TEXT, minute=0))
    assert book.find(says(2, TEXT, minute=minutes + 1)) is None
    story_of(book, says(2, TEXT, minute=minutes - 1))
    assert book.find(says(3, TEXT, minute=2 * minutes - 2)) is not None


def test_what_is_private_or_has_no_words_tells_no_story() -> None:
    book = Stories(())
    for number, changes in enumerate(({"private": True}, {"channel": "dm"}, {"channel": "whatsapp"})):
        private = says(number, TEXT, **changes)
        assert is_private(private.mention)
        assert story_of(book, private) is None
    assert story_of(book, says(9, "👍")) is None


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("RT @iemand: het brandt", True),
        ("rt @iemand het brandt", True),
        ("Kijk! RT @iemand: het brandt", True),
        ("“@iemand: het brandt” echt?", True),
        ("Het brandt (via @iemand)", True),
        ("@iemand het brandt", False),
        ("Ik vlieg via @schiphol naar huis", False),
        ("start @iemand: nee", False),
    ],
)
def test_what_calls_itself_a_repost(text: str, marked: bool) -> None:
    assert is_marked(says(1, text).mention) is marked
    assert is_marked(says(1, text, repost_of="4411").mention)


def test_people_are_told_apart_by_author_and_source() -> None:
    first, again = says(1, TEXT, author="ann"), says(2, SHORT, author="ann")
    assert person_of(first.mention) == person_of(again.mention)
    assert person_of(first.mention) != person_of(says(1, TEXT, author="ann", source="t").mention)
    assert person_of(says(1, TEXT, author=None).mention) != person_of(says(2, TEXT, author=None).mention)
    assert 0 < person_of(first.mention) < 2**63
