"""Keys: one per person, its hash in the configuration; the first is made by the first start."""

import hashlib
import secrets
from pathlib import Path
from typing import NamedTuple

import msgspec

from backbone.errors import BadInput
from backbone.web.people import PersonKey
from webcare.config.schema import ConfigFile, PersonPart


def new_key() -> str:
    """A key nobody can guess (256 bits)."""
    return f"wk_{secrets.token_urlsafe(32)}"


def hash_of(key: str) -> str:
    """What is kept of a key: SHA-256 in hex. Keys are random, so a slow hash would add nothing."""
    return hashlib.sha256(key.encode()).hexdigest()


class Keys(NamedTuple):
    """Who may enter, and the key that was made just now, if one was."""

    people: tuple[PersonKey, ...]
    made_for: str | None
    made: str | None


def keys_of(config: ConfigFile, folder: Path) -> Keys:
    """Everybody with a key. Where nobody has one in the configuration, the first person's is made once.

    Its hash is kept in `folder`/keys.json; the key itself is nowhere, and is told this one time.
    """
    people = _with_keys(config)
    if people:
        return Keys(people, None, None)
    first = config.people[0]
    kept = _kept(folder / "keys.json")
    if first.name in kept:
        return Keys((_person(first, kept[first.name]),), None, None)
    key = new_key()
    _keep(folder / "keys.json", {**kept, first.name: hash_of(key)})
    return Keys((_person(first, hash_of(key)),), first.name, key)


def keys_in(config: ConfigFile) -> tuple[PersonKey, ...]:
    """Everybody with a key in the configuration; BadInput if nobody has one: instances share no folder for another."""
    people = _with_keys(config)
    if not people:
        remedy = "Make one with `webcare key` and put its hash in the file."
        raise BadInput("Nobody in the configuration has a key.", code="no_keys", remedy=remedy)
    return people


def _with_keys(config: ConfigFile) -> tuple[PersonKey, ...]:
    return tuple(_person(part, part.key.removeprefix("sha256:")) for part in config.people if part.key)


def _person(part: PersonPart, key_hash: str) -> PersonKey:
    return PersonKey(
        name=part.name,
        display=part.display or part.name,
        key_hash=key_hash,
        roles=tuple(part.roles) or ("agent",),
        brands=tuple(part.brands) if part.brands is not None else None,
    )


def _kept(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise BadInput(f"{file} cannot be read.", code="bad_keys", remedy="Delete it: a new key is made.") from error


def _keep(file: Path, hashes: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_suffix(".new")
    half.touch(mode=0o600)
    half.write_bytes(msgspec.json.encode(hashes))
    half.replace(file)
