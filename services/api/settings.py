"""What the api is told at its start."""

from datetime import timedelta
from pathlib import Path

import msgspec

from backbone.campaigns import Campaign
from backbone.web.people import Door
from contracts.mentions import Urgency


class TargetDisplay(msgspec.Struct, frozen=True, kw_only=True):
    """A queue's promise for one urgency, as people are shown it."""

    urgency: Urgency
    within_s: int
    next_opening: str | None = None
    """Local time (hh:mm) of the next opening day that is in time as well, for what came in outside hours."""


class QueueDisplay(msgspec.Struct, frozen=True, kw_only=True):
    """A queue as people are shown it, also while nothing waits in it."""

    name: str
    hours: str
    targets: tuple[TargetDisplay, ...] = ()


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the api is set by. Bytes, counts and seconds where a name says so."""

    door: Door = Door()
    organisation: str | None = None
    timezone: str = "Europe/Amsterdam"
    """In which the page shows times (IANA name)."""
    brands: tuple[str, ...] = ()
    brand_names: dict[str, tuple[str, ...]] = {}
    """What a brand is called besides its name: accounts, names, hashtags. No topic."""
    queues: tuple[QueueDisplay, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    """Those of the configuration."""
    reachable: tuple[str, ...] = ()
    """Who can be paged."""
    claim_lease: timedelta = timedelta(minutes=15)
    ack_lease: timedelta | None = timedelta(minutes=30)
    """None: an acknowledgement never runs out."""
    secure_cookies: bool = False
    """Set where the page is served over HTTPS."""
    metrics_public: bool = True
    """`/metrics` without a key: the address it is bound to is private."""
    body_limit: int = 131_072
    depth_limit: int = 32
    stream_clients: int = 200
    stream_queue: int = 512
    """Events that wait in memory for one client of the stream; beyond it, the client reads the log at its own pace."""
    stream_behind: int = 5_000
    """Events that such a client may be behind; beyond it, it is told to read everything anew, and let go."""
    heartbeat_s: float = 15.0
    volume_every_s: float = 10.0
    tail_every_s: float = 0.2
    send_timeout_s: float = 60.0
    ping_timeout_s: float = 2.0
    retry_after_s: int = 1
    demo_token: str | None = None
    """Set: pages may be sent to `/demo/pager/<token>`, and `/v1/demo/pages` shows them."""
    dashboard: Path | None = None
    """Folder of the built page; None is the one beside this file."""
