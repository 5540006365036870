"""People for a play: an api of their own on the same stores, and a key for each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from backbone.ids import derive
from backbone.metrics import Metrics
from backbone.web.people import Door, PersonKey
from services.api.app import build_api
from services.router.domain.settings import RouterSettings
from webcare.adapters import Adapters
from webcare.chain import Chain
from webcare.compose import Known, api_ports, api_settings
from webcare.keys import hash_of
from webcare.replay.actors import Actors
from webcare.replay.lines import Action, Script


@asynccontextmanager
async def playing(
    adapters: Adapters, router: RouterSettings, metrics: Metrics, chain: Chain, script: Script
) -> AsyncIterator[Actors]:
    """Actors who go through the public api, in this process; their keys open nothing else."""
    known = Known(router, metrics, chain.spikes.series, chain.states, chain.spikes.calendar)
    keys = {name: derive("key", name) for name in _people(router, script)}
    people = [PersonKey(name=name, display=name, key_hash=hash_of(key)) for name, key in keys.items()]
    app = build_api(
        api_ports(adapters.log, adapters.desk, adapters.archive, adapters.clock, known),
        api_settings(router, Door(people=tuple(people)), script.brands),
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://play") as client:
        yield Actors(client, keys, adapters.desk, script)


def _people(router: RouterSettings, script: Script) -> list[str]:
    """Everybody who may act: those of the settings first, then whoever the script names."""
    named = [person.name for person in router.people]
    acting = {line.happens.person for line in script.lines if isinstance(line.happens, Action)}
    return named + sorted(name for name in acting if name and name not in named)
