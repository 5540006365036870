"""Pages are planned once, taken by one sender, and every send is on record (`backbone.ports.DeskTransaction`)."""

import asyncio
from typing import Any

from desk_suite import START, actions, at, cause, ended, incident, kinds, page, triggered
from msgspec.structs import replace

from backbone.ports import Desk
from backbone.records import Attempt, Page


async def _plan(desk: Desk, *pages: Page) -> int:
    async with desk.transaction() as tx:
        return await tx.plan_pages(pages, cause())


async def _take(desk: Desk, owner: str = "p1", minutes: float = 0, limit: int = 100) -> list[Page]:
    async with desk.transaction() as tx:
        return list(await tx.take_pages(owner, at(minutes), at(minutes + 1), limit))


async def _finish(desk: Desk, of: Page, state: Any, minutes: float = 0, **more: Any) -> bool:
    outcome = more.pop("outcome", "accepted")
    given = {"due_at": None, "provider_ref": None, **more}
    async with desk.transaction() as tx:
        return await tx.finish_page(of, ended(of, outcome, minutes), state, cause=cause(minutes), **given)


async def _page(desk: Desk, page_id: str) -> Page:
    async with desk.reading() as tx:
        return next(one for one in await tx.pages() if one.id == page_id)


async def _attempts(desk: Desk, page_id: str) -> list[Attempt]:
    async with desk.reading() as tx:
        return list(await tx.attempts(page_id))


async def test_a_page_is_planned_once(desk: Desk) -> None:
    """Also twice in one list, or again after it was sent."""
    assert await _plan(desk, page("p1"), page("p2"), page("p1")) == 2
    [first, _] = await _take(desk)
    await _finish(desk, first, "accepted")
    assert await _plan(desk, page("p1"), page("p2"), page("p3")) == 1
    assert (await _page(desk, first.id)).state == "accepted"
    assert (await kinds(desk)).count("page.planned") == 3
    assert await _plan(desk) == 0


async def test_pages_are_taken_when_due_in_order(desk: Desk) -> None:
    late, early = page("late", due_at=at(2)), page("early", due_at=at(1))
    same = page("same", due_at=at(1))
    await _plan(desk, late, early, same, page("future", due_at=at(9)))
    taken = await _take(desk, minutes=3)
    assert [one.id for one in taken] == [*sorted((early.id, same.id)), late.id]
    assert {(one.state, one.fence, one.attempts, one.lease_owner, one.lease_until) for one in taken} == {
        ("sending", 1, 1, "p1", at(4))
    }
    assert await _page(desk, late.id) == taken[-1]
    [begun] = await _attempts(desk, late.id)
    assert (begun.n, begun.started, begun.ended) == (1, at(3), None)


async def test_a_page_has_one_sender(desk: Desk) -> None:
    await _plan(desk, *(page(f"p{n}") for n in range(30)))
    shares = await asyncio.gather(*(_take(desk, f"sender{n}", limit=7) for n in range(6)))
    ids = [one.id for share in shares for one in share]
    assert sorted(ids) == sorted(page(f"p{n}").id for n in range(30))


async def test_an_accepted_page_is_on_record(desk: Desk) -> None:
    await _plan(desk, page("p1"))
    [taken] = await _take(desk)
    assert await _finish(desk, taken, "accepted", 1, provider_ref="sms-7")
    done = await _page(desk, taken.id)
    assert (done.state, done.accepted_at, done.provider_ref, done.lease_owner) == ("accepted", at(1), "sms-7", None)
    assert await _attempts(desk, taken.id) == [ended(taken, "accepted", 1)]
    assert await kinds(desk) == ["page.planned", "page.accepted"]
    assert await _take(desk, minutes=100) == []


async def test_a_page_that_failed_for_now_is_due_again(desk: Desk) -> None:
    await _plan(desk, page("p1"))
    [taken] = await _take(desk)
    assert await _finish(desk, taken, "due", 0, due_at=at(1), outcome="temporary")
    assert await desk.next_due() == at(1)
    assert await _take(desk, minutes=0.5) == []
    [again] = await _take(desk, "p2", minutes=1)
    assert (again.id, again.fence, again.attempts) == (taken.id, 2, 2)
    assert [one.outcome for one in await _attempts(desk, taken.id)] == ["temporary", "unknown"]


async def test_a_crash_between_send_and_result_is_unknown_and_sent_again(desk: Desk) -> None:
    """By the same owner at once, by others when the lease has run out; the page, and so its key, is the same."""
    await _plan(desk, page("p1"))
    [lost] = await _take(desk, "p1")
    assert await desk.next_due() == at(1)
    assert await _take(desk, "p2", minutes=0.5) == []
    [again] = await _take(desk, "p1", minutes=0.5)
    [third] = await _take(desk, "p2", minutes=2)
    assert [(one.id, one.fence, one.attempts) for one in (again, third)] == [(lost.id, 2, 2), (lost.id, 3, 3)]
    first, second, running = await _attempts(desk, lost.id)
    assert (first.outcome, first.ended, second.outcome, second.ended) == ("unknown", at(0.5), "unknown", at(2))
    assert (running.n, running.ended) == (3, None)


async def test_a_sender_that_lost_the_page_changes_nothing(desk: Desk) -> None:
    await _plan(desk, page("p1"))
    [lost] = await _take(desk, "p1")
    [again] = await _take(desk, "p2", minutes=2)
    assert not await _finish(desk, lost, "failed", 3)
    assert await _page(desk, lost.id) == again
    assert await kinds(desk) == ["page.planned"]
    assert await _finish(desk, again, "accepted", 3)
    assert not await _finish(desk, again, "failed", 4)
    assert not await _finish(desk, page("nowhere"), "failed", 4)


async def test_receipts_move_an_accepted_page_on_but_not_back(desk: Desk) -> None:
    await _plan(desk, page("p1"))
    [taken] = await _take(desk)
    assert not await _finish(desk, replace(taken, fence=0), "delivered")
    assert await _finish(desk, taken, "accepted", 1)
    assert await _finish(desk, taken, "delivered", 2)
    assert not await _finish(desk, taken, "accepted", 3)
    assert await _finish(desk, taken, "read", 3)
    done = await _page(desk, taken.id)
    assert (done.state, done.accepted_at) == ("read", at(1))


async def test_pages_are_bundled_into_one_digest(desk: Desk) -> None:
    """Planned ones and those taken but not sent; what was accepted meanwhile stays as it is."""
    await _plan(desk, *(page(f"p{n}", created_at=at(-n)) for n in range(4)), page("later", due_at=at(9)))
    taken = await _take(desk)
    digest = page("digest", kind="digest", due_at=at(10))
    await _finish(desk, taken[0], "accepted")
    later = page("later", due_at=at(9))
    async with desk.transaction() as tx:
        await tx.bundle_pages([*taken, later], digest, cause(1, reason="too_many_pages"))
        await tx.bundle_pages([*taken, later], digest, cause(1, reason="too_many_pages"))
        inside = await tx.digest_pages(digest.id)
        everything = await tx.pages(person="ann")
    expected = sorted([*taken[1:], later], key=lambda one: (one.created_at, one.id))
    assert [one.id for one in inside] == [one.id for one in expected]
    assert {(one.state, one.digest_id, one.attempts, one.lease_owner) for one in inside} == {
        ("bundled", digest.id, 0, None)
    }
    assert {one.state for one in everything} == {"accepted", "bundled", "planned"}
    assert await _attempts(desk, taken[1].id) == []
    assert await actions(desk, digest.id) == ["page.planned"]
    assert (await kinds(desk)).count("page.bundled") == 4
    assert [one.id for one in await _take(desk, minutes=10)] == [digest.id]


async def test_a_page_taken_anew_is_not_bundled_by_who_lost_it(desk: Desk) -> None:
    await _plan(desk, page("p1"))
    [lost] = await _take(desk, "p1")
    [again] = await _take(desk, "p2", minutes=2)
    async with desk.transaction() as tx:
        await tx.bundle_pages([lost], page("digest", due_at=at(20)), cause(2))
        assert await tx.digest_pages(page("digest").id) == []
    assert await _page(desk, lost.id) == again


async def test_pages_are_found_by_incident_person_and_time(desk: Desk) -> None:
    fire = await triggered(desk, "fire", page("a"), page("b", due_at=at(5), person="bob"))
    await triggered(desk, "flood", page("c", due_at=at(3)))
    async with desk.reading() as tx:
        assert [one.id for one in await tx.pages()] == [page("a").id, page("c").id, page("b").id]
        assert [one.id for one in await tx.pages(incident_id=fire.id)] == [page("a").id, page("b").id]
        assert [one.id for one in await tx.pages(person="ann", since=at(1))] == [page("c").id]


async def test_a_page_comes_back_as_it_was_planned(desk: Desk) -> None:
    full = page(
        "p1", incident("fire"), last_resort=True, drill=True, digest_id="pag_d", provider_ref="x", step=3, loop=1
    )
    await _plan(desk, full)
    assert await _page(desk, full.id) == full
    assert full.due_at == START
