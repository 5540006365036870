"""The desk's own offsets, its counters, its outbox and the answers it gave."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, delete, select, update

from backbone.errors import Conflict
from backbone.ports import Partition
from backbone.records import OutboxRow
from backbone.relational.rows import OUTBOX, micros
from backbone.relational.tables import answers, counters, offsets, outbox
from backbone.relational.work import Work

_THIS = (
    offsets.c.consumer == bindparam("a_consumer"),
    offsets.c.topic == bindparam("a_topic"),
    offsets.c.partition == bindparam("a_partition"),
)
_MOVE = update(offsets).where(*_THIS, offsets.c.next == bindparam("expected")).values(next=bindparam("after"))
_STANDS = select(offsets.c.next).where(*_THIS)
_OFFSETS = select(offsets.c.topic, offsets.c.partition, offsets.c.next).where(offsets.c.consumer == bindparam("who"))
_COUNTS = select(counters.c.name, counters.c.reason, counters.c.n)
_OLDEST = select(*OUTBOX.columns).order_by(outbox.c.number).limit(bindparam("limit"))
_DROP = delete(outbox).where(outbox.c.number == bindparam("a_number"))
_DROP_ALL = delete(outbox).where(outbox.c.number == any_(bindparam("numbers", type_=ARRAY(BigInteger))))
_ANSWER = select(answers.c.answer).where(answers.c.key == bindparam("key"), answers.c.person == bindparam("person"))


def advance(work: Work, consumer: str, partition: Partition, expected: int, after: int) -> None:
    """See `DeskTransaction.advance`."""
    this = {"a_consumer": consumer, "a_topic": partition.topic, "a_partition": partition.number}
    if work.run(_MOVE, {**this, "expected": expected, "after": after}).rowcount == 1:
        return
    if expected == 0 and _begin(work, consumer, partition, after):
        return
    row = work.first(_STANDS, **this)
    stands = 0 if row is None else row.next
    raise Conflict(
        f"{partition.topic}/{partition.number} of {consumer} stands at {stands}, not at {expected}.",
        code="offset_taken",
        remedy="Somebody else handles this partition: drop the batch and ask where to start.",
        current={"next": stands},
    )


def _begin(work: Work, consumer: str, partition: Partition, after: int) -> bool:
    row = {"consumer": consumer, "topic": partition.topic, "partition": partition.number, "next": after}
    return bool(work.add_new(offsets, [row]))


def offsets_of(work: Work, consumer: str) -> Mapping[Partition, int]:
    """See `Desk.offsets`."""
    return {Partition(row.topic, row.partition): row.next for row in work.run(_OFFSETS, {"who": consumer})}


def counts(work: Work) -> Mapping[tuple[str, str], int]:
    """See `Desk.counts`."""
    return {(row.name, row.reason): row.n for row in work.run(_COUNTS)}


def oldest(work: Work, limit: int) -> Sequence[OutboxRow]:
    """See `DeskTransaction.outbox`. While one transaction has rows the others get none: order per key depends on it.

    Numbers are given out before they are committed, so a lower one may turn up later; never one of the same key, whose
    changes wait for each other.
    """
    work.settle()
    return work.records(OUTBOX, _OLDEST, limit=limit) if work.first_in("outbox") else []


def published(work: Work, rows: Sequence[OutboxRow]) -> None:
    """See `DeskTransaction.published`."""
    numbers = [row.number for row in rows]
    if work.has_arrays:
        work.run(_DROP_ALL, {"numbers": numbers})
    else:
        work.run_all(_DROP, [{"a_number": number} for number in numbers])


def remember(work: Work, key: str, person: str, answer: bytes, at: datetime) -> None:
    """See `DeskTransaction.remember`."""
    if not work.add_new(answers, [{"key": key, "person": person, "answer": answer, "at": micros(at)}]):
        raise Conflict(
            f"The command with key {key} was answered at the same moment.",
            code="already_answered",
            remedy="Send it again with the same key: the answer is kept.",
        )


def recall(work: Work, key: str, person: str) -> bytes | None:
    """See `DeskTransaction.recall`."""
    row = work.first(_ANSWER, key=key, person=person)
    return None if row is None else bytes(row.answer)
