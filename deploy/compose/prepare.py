"""Runs once before the services of the distributed form: makes its passwords, and a first key where nobody has one.

What is there stays. The key is printed this one time; only its hash is kept.
"""

import os
import secrets
from pathlib import Path

import yaml

from webcare.keys import hash_of, new_key


def prepare(given: Path, kept: Path, configuration: Path) -> str | None:
    """Fill the folder `kept` and write the configuration that the services read; the key, if one was made."""
    for name in ("postgres", "session"):
        _once(kept / name, secrets.token_urlsafe(32))
    text = given.read_text(encoding="utf-8")
    people = yaml.safe_load(text)["people"]
    if any("key" in person for person in people):
        _write(configuration, text)
        return None
    key = new_key()
    made = _once(kept / "first-key", hash_of(key))
    config = yaml.safe_load(text)
    config["people"][0]["key"] = f"sha256:{(kept / 'first-key').read_text(encoding='utf-8')}"
    _write(configuration, yaml.safe_dump(config, allow_unicode=True, sort_keys=False))
    return key if made else None


def _once(path: Path, text: str) -> bool:
    """Written if it is not there yet; True if it was."""
    if path.exists():
        return False
    _write(path, text)
    return True


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    half = path.with_suffix(".new")
    half.write_text(text, encoding="utf-8")
    half.chmod(0o644)
    half.replace(path)


if __name__ == "__main__":
    key = prepare(Path(os.environ["GIVEN"]), Path("/run/webcare"), Path("/etc/webcare/webcare.yaml"))
    if key:
        print(f"Nobody had a key. The first person's, shown this one time: {key}")  # noqa: T201 - its whole purpose
