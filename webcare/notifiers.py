"""Which ways to reach people are open: all of them, or none but the record."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from backbone.notifiers.email import EmailNotifier
from backbone.notifiers.record import RecordNotifier
from backbone.notifiers.webhook import WebhookNotifier, webhook_client
from backbone.ports import Clock, Notifier
from webcare.config.build import secret_from
from webcare.config.schema import EmailPart

KINDS = ("webhook", "email", "record")


def recording() -> dict[str, Notifier]:
    """Nothing leaves: every kind of channel accepts, and the desk has the record."""
    record = RecordNotifier(lambda _notice, _key: None)
    return dict.fromkeys(KINDS, record)


@asynccontextmanager
async def sending(
    clock: Clock, email: EmailPart | None, environment: Mapping[str, str], allow_private: bool
) -> AsyncIterator[dict[str, Notifier]]:
    """Webhooks, and mail where a server is set. `allow_private` lets webhooks reach this machine and its network."""
    async with webhook_client() as client:
        ways: dict[str, Notifier] = {
            "webhook": WebhookNotifier(client, clock, allow_private=allow_private),
            "record": recording()["record"],
        }
        if email is not None:
            ways["email"] = _mail(email, environment)
        try:
            yield ways
        finally:
            for way in ways.values():
                await way.close()


def _mail(email: EmailPart, environment: Mapping[str, str]) -> EmailNotifier:
    password = secret_from(environment, email.password_env) if email.password_env else None
    return EmailNotifier(
        email.host, email.port, email.sender, starttls=email.starttls, user=email.user, password=password
    )
