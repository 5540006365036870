"""What people say a verdict should have been."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from backbone import corrections as desk
from backbone.records import StoredMention
from contracts.mentions import Care, Intent, Sentiment, Urgency
from services.api.views.base import View


class Correction(View):
    """What one person says the verdict should have been; null: they say nothing about it."""

    person: str
    at: datetime
    revision: int
    settles: bool = Field(description="A lead or an admin said it: it decides where others differ.")
    urgency: Urgency | None
    sentiment: Sentiment | None
    intent: Intent | None
    care: Care | None
    lang: str | None
    outdated: bool = Field(default=False, description="It is about an earlier text, and counts no more.")


class MentionCorrections(View):
    """The corrections of one mention, one of each person, and what they come to."""

    mention_id: str
    given: list[Correction] = Field(description="Oldest first.")
    agreed: dict[str, str] = Field(description="What stands, by head.")
    disputed: list[str] = Field(description="Heads about which people differ, and nobody has decided.")


def corrections(mention: StoredMention, given: Sequence[desk.Correction]) -> MentionCorrections:
    """The corrections of one mention."""
    counting = [each for each in given if each.revision == mention.revision]
    consensus = desk.together(counting)
    shown = [
        Correction.model_validate(each).model_copy(update={"outdated": each.revision != mention.revision})
        for each in given
    ]
    return MentionCorrections(
        mention_id=mention.id, given=shown, agreed=consensus.agreed, disputed=list(consensus.disputed)
    )


def all_corrections(mentions: Sequence[StoredMention], given: Sequence[desk.Correction]) -> list[MentionCorrections]:
    """The corrections of those mentions that have any, in the order of the mentions."""
    by_mention: dict[str, list[desk.Correction]] = {}
    for each in given:
        by_mention.setdefault(each.mention_id, []).append(each)
    return [corrections(mention, by_mention[mention.id]) for mention in mentions if mention.id in by_mention]
