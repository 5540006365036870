"""Which partition a key goes to: one answer in every log, for it decides whose records keep their order."""

import zlib


def partition_of(key: str, partitions: int) -> int:
    """The partition of `key`: CRC-32 of its UTF-8, modulo the count (as librdkafka's ``consistent`` does it)."""
    return zlib.crc32(key.encode()) % partitions
