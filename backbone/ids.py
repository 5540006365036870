"""Ids as hashes of their cause, so that doing a thing twice is doing it once."""

import hashlib


def derive(kind: str, *parts: object) -> str:
    """A stable id such as ``inc_3f0c9a7be1d25a4c`` for a thing of `kind` caused by `parts`, in this order.

    Parts are joined with a byte that no part may hold after escaping, so ("a", "bc") and ("ab", "c") differ.
    """
    cause = "\x1f".join(str(part).replace("\x1f", "\x1f\x1f") for part in parts)
    data = f"{kind}\x1e{cause}".encode("utf-8", "surrogatepass")
    return f"{kind}_{hashlib.blake2b(data, digest_size=10).hexdigest()}"


def hash32(text: str) -> int:
    """A stable 32-bit hash of a text, for sketches that count people and stories."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big")
