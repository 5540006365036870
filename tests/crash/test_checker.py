"""The checker finds what is lost and what is doubled."""

from tests.crash.checker import Result, compare, contained, equal


def test_what_is_there_once_holds() -> None:
    assert compare("items", ["a", "b"], ["b", "a"]).holds
    assert contained("ids", ["a"], ["a", "b"], ["a", "b"]).holds
    assert equal("records", 3, 3).holds


def test_what_is_missing_is_lost() -> None:
    assert compare("items", ["a", "a", "b"], ["a", "b"])[1:] == (3, 1, 0, ("-a",))
    assert contained("ids", ["a", "b"], ["a"], ["a", "b"])[1:] == (2, 1, 0, ("-b",))
    assert equal("records", 3, 1)[1:4] == (3, 2, 0)


def test_what_is_there_twice_or_was_never_sent_is_doubled() -> None:
    assert compare("items", ["a", "b"], ["a", "b", "b", "c"])[1:] == (2, 0, 2, ("+b", "+c"))
    assert contained("ids", ["a"], ["a", "z"], ["a", "b"])[1:] == (1, 0, 1, ("+z",))
    assert equal("records", 3, 5)[1:4] == (3, 0, 2)


def test_a_result_names_what_does_not_hold() -> None:
    good, bad = equal("items", 1, 1), equal("pages", 1, 2)
    assert Result([good, bad], {}).broken == [bad]
