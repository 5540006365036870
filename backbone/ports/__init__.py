"""The ports and what they promise. Adapters live in `backbone.embedded` (and later `backbone.distributed`).

One contract suite per port (`tests/ports`) runs on every adapter. What an adapter cannot promise is declared there.
"""

from backbone.ports.archive import Archive, ArchiveHit, ArchivePage, ArchiveQuery, Bucket
from backbone.ports.clock import Clock
from backbone.ports.desk import Desk, DeskTransaction, ItemFilter, ItemPage, QueueFigures
from backbone.ports.event_log import Consumer, EventLog, NewRecord, Partition, Record
from backbone.ports.keyed_state import KeyedState
from backbone.ports.notifier import Delivery, Notice, Notifier

__all__ = [
    "Archive",
    "ArchiveHit",
    "ArchivePage",
    "ArchiveQuery",
    "Bucket",
    "Clock",
    "Consumer",
    "Delivery",
    "Desk",
    "DeskTransaction",
    "EventLog",
    "ItemFilter",
    "ItemPage",
    "KeyedState",
    "NewRecord",
    "Notice",
    "Notifier",
    "Partition",
    "QueueFigures",
    "Record",
]
