"""What `webcare up` does before and after it serves: configuration, keys, words for people, the rehearsal."""

import os
import secrets
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

from rich.console import Console

from backbone.embedded.clock import RealClock
from backbone.errors import BadInput
from backbone.logs import setup
from webcare.config.build import ingest_settings
from webcare.config.load import load_config
from webcare.config.schema import ConfigFile
from webcare.environment import read_environment
from webcare.keys import Keys, hash_of, keys_of, new_key
from webcare.rehearsal.stage import StageClock, curtain, rehearse
from webcare.up import Start, System, up


async def start(config: Path | None, data: Path | None, port: int | None, rehearsed: bool, console: Console) -> None:
    """Serve until stopped; with `rehearsed`, begin with a rehearsed crisis that ends now."""
    environment = read_environment(os.environ)
    setup(environment.log, environment.log_level)
    told = _config(config, console)
    with ExitStack() as stack:
        if rehearsed and data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="webcare-rehearsal-")))
        folder = data or environment.data
        if rehearsed and (folder / "log.db").exists():
            found = f"{folder} holds a system already, and a rehearsal would mix with it."
            raise BadInput(found, code="not_empty", remedy="Leave --data out, or name an empty folder.")
        keys = _rehearsal_keys(told) if rehearsed else keys_of(told, folder)
        script = curtain(datetime.now(UTC), ingest_settings(told)) if rehearsed else None
        clock = StageClock(script.lines[0].at) if script else RealClock()
        token = secrets.token_urlsafe(16) if rehearsed or config is None else None
        plan = Start(told, folder, environment, keys, environment.port if port is None else port, clock, token)

        async def ready(system: System, address: str) -> None:
            _say_where(console, address, keys)
            if isinstance(clock, StageClock) and script:
                await rehearse(system, clock, script, console)
                _say_where(console, address, keys)

        await up(plan, ready)


async def start_service(name: str, config: Path | None, port: int | None, pager: bool, console: Console) -> int:
    """Run one service until stopped; the exit code."""
    from webcare.serve import Serve, serve

    environment = read_environment(os.environ)
    setup(environment.log, environment.log_level)
    if config is None:
        remedy = "Name the configuration with --config; deploy/webcare.yaml is one to begin with."
        raise BadInput("A service needs its configuration.", code="no_config", remedy=remedy)
    told = Serve(name, _config(config, console), environment, environment.port if port is None else port, pager)
    return await serve(told, lambda address: console.print(f"{name} answers at {address}", highlight=False))


def _config(path: Path | None, console: Console) -> ConfigFile:
    if path is not None:
        loaded = load_config(path)
        for note in loaded.notes:
            console.print(f"{path}, {note}", highlight=False, markup=False)
        return loaded.config
    with as_file(files("webcare.rehearsal") / "config.yaml") as example:
        return load_config(example).config


def _rehearsal_keys(config: ConfigFile) -> Keys:
    """One key for all parts of the play; it opens the door as the first person."""
    key = new_key()
    first = config.people[0].model_copy(update={"key": f"sha256:{hash_of(key)}"})
    others = [person.model_copy(update={"key": f"sha256:{hash_of(new_key())}"}) for person in config.people[1:]]
    people = keys_of(config.model_copy(update={"people": [first, *others]}), Path()).people
    return Keys(people, first.name, key)


def _say_where(console: Console, address: str, keys: Keys) -> None:
    if keys.made:
        console.print(f"key of {keys.made_for}: {keys.made}  (kept nowhere: note it)", highlight=False, soft_wrap=True)
        console.print(f"open {address}/#key={keys.made}", highlight=False, soft_wrap=True)
    else:
        console.print(f"open {address}", highlight=False)
