"""The commands about campaigns."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

_OUT = Console()

campaigns = typer.Typer(no_args_is_help=True, help="Declared periods in which more (or less) is expected.")

UrlOption = Annotated[str, typer.Option(help="Where the system answers.")]
KeyOption = Annotated[str, typer.Option(help="A person's key; WEBCARE_KEY without it.")]
_HERE = "http://127.0.0.1:8080"


@campaigns.command(name="list")
def list_campaigns(
    brand: Annotated[str, typer.Option(help="Only this brand's.")] = "",
    ended: Annotated[bool, typer.Option("--ended", help="Those that are over too.")] = False,
    url: UrlOption = _HERE,
    key: KeyOption = "",
) -> None:
    """Campaigns that run or are planned, in local time."""
    from webcare.campaigns import listed

    for line in _run(url, key, lambda client: listed(client, brand, ended=ended)):
        _say(line)


@campaigns.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    brand: Annotated[str, typer.Option(help="Whose it is.")],
    to: Annotated[
        str, typer.Option(help="Local time of its end: 2026-12-24 18:00, or 2026-12-24 for all of that day.")
    ],
    since: Annotated[str, typer.Option("--from", help="Local time of its start; without it: now.")] = "",
    factor: Annotated[float, typer.Option(help="How many times as much as usual is expected.")] = 2.0,
    caution: Annotated[float, typer.Option(help="How many times as rare a false page must be.")] = 1.0,
    person: Annotated[list[str] | None, typer.Option(help="Who is paged as well; repeatable.")] = None,
    url: UrlOption = _HERE,
    key: KeyOption = "",
) -> None:
    """Declare a campaign on the spot; it ends by itself."""
    from webcare.campaigns import Wanted, added

    wanted = Wanted(name, brand, to, since, factor, caution, tuple(person or ()))
    _say(_run(url, key, lambda client: added(client, wanted)))


@campaigns.command()
def end(
    campaign: Annotated[str, typer.Argument(help="Its id, as `webcare campaigns list` shows it.")],
    url: UrlOption = _HERE,
    key: KeyOption = "",
) -> None:
    """End a campaign now, or call off one that is planned."""
    from webcare.campaigns import ended_now

    _say(_run(url, key, lambda client: ended_now(client, campaign)))


def _run(url: str, key: str, act: Callable[["httpx.AsyncClient"], Awaitable[T]]) -> T:
    from webcare.campaigns import connected
    from webcare.environment import read_environment

    async def run() -> T:
        async with connected(url, key or read_environment(os.environ).key) as client:
            return await act(client)

    return asyncio.run(run())


def _say(words: str) -> None:
    _OUT.print(words, highlight=False, markup=False, soft_wrap=True)
