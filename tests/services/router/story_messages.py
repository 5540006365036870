"""Messages for stories, written for these tests: different ones, each of which people copy; and pairs to keep apart."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from router_world import said

from contracts.mentions import ClassifiedMention, Origin
from services.classify.domain.sketch import Sketcher
from services.classify.domain.text import plain, tokens

ORIGINALS = (
    "Let op: rond het station van Vlietdam rijden door een kapotte bovenleiding de rest van de dag geen treinen",
    "De app van Kaasplank laat bij iedereen het saldo van een ander zien, wat een blunder voor een bank",
    "Vandaag zijn alle winkels van Wiedeldoorn dicht vanwege een storing aan de kassa's",
    "Wie heeft er ook een brief gekregen dat de huur met terugwerkende kracht omhoog gaat?",
    "Onderzoek: flessenwarmers van Wiedeldoorn kunnen smelten als ze langer dan een uur aanstaan",
    "Mooi gebaar van Spoorwolk: alle reizigers die vannacht strandden krijgen een hotel en een ontbijt",
    "Het water in de wijk Noord is bruin en stinkt, de gemeente zegt dat het geen kwaad kan",
    "Lichtveer sluit per 1 januari het loket in Oudebrug en niemand weet waar je dan heen moet",
    "Ze hebben mijn oma van tachtig een uur in de kou laten wachten op een taxi die nooit kwam",
    "Bezorger gooit pakketten over het hek en maakt daarna een foto dat alles netjes is afgeleverd",
    "Breaking: police are evacuating the shopping centre in Harrowby after reports of smoke on the second floor",
    "Spoorwolk just cancelled every evening train to the coast and told nobody until we were on the platform",
    "Heads up everyone, the Kaasplank card readers are down in the whole country, bring cash",
    "My neighbour works there and says the recall of the heaters was kept quiet for weeks",
    "If you bought a car seat from Wiedeldoorn this year check the buckle, ours opened by itself",
    "Gisteren belde ik met de helpdesk en kreeg voor het eerst in jaren iemand die echt luisterde",
    "Waarom betaalt een trouwe klant meer dan iemand die gisteren pas is overgestapt",
    "Zo te zien heeft Lichtveer de prijzen stilletjes verhoogd op de dag dat iedereen naar voetbal keek",
    "Nergens in de voorwaarden staat dat je bij verhuizing opnieuw borg moet betalen, toch vragen ze het",
    "De verwarming in het ziekenhuis doet het niet en de patiënten liggen met jassen aan in bed",
    "Tip voor wie vastzit bij Oudebrug: bus 14 rijdt wel en de chauffeur laat je zonder kaartje mee",
    "Honderden mensen staan buiten bij het stadhuis omdat het systeem voor paspoorten eruit ligt",
    "Kan iemand bij Spoorwolk uitleggen waarom de stiltecoupé het hardst praat van allemaal",
    "Ik heb drie keer een afspraak gemaakt met een monteur en drie keer stond ik voor niets thuis",
)
"""Each tells a story of its own."""

APART = (
    ("Mijn bestelling 48812 is nog steeds niet aangekomen, waar blijft hij?",
     "Mijn bestelling 51077 is nog steeds niet aangekomen, waar blijft hij?"),
    ("Trein van 8.14 naar Vlietdam valt alweer uit, wat is dit voor bedrijf",
     "Trein van 9.44 naar Vlietdam valt alweer uit, wat is dit voor bedrijf"),
    ("De trein naar Utrecht rijdt vandaag niet", "De trein naar Utrecht rijdt vandaag weer"),
    ("De storing is opgelost volgens Kaasplank", "De storing is niet opgelost volgens Kaasplank"),
    ("Ik wacht al drie dagen op mijn pakket en niemand belt terug",
     "Ik wacht al drie weken op mijn geld en niemand mailt terug"),
    ("Your driver was friendly and helpful, thank you so much", "Your driver was rude and late, thank you for nothing"),
    ("Flight 2231 got cancelled and nobody at the desk can help us",
     "Flight 880 got cancelled and nobody at the desk can help us"),
    ("Win nu 250 euro bij Kaasplank en deel dit bericht met al je vrienden",
     "Win nu 9000 euro bij Kaasplank en deel dit bericht met al je vrienden"),
    ("bedankt!", "bedankt hoor"),
    ("trein weer te laat", "trein weer op tijd"),
    ("Kan ik mijn abonnement opzeggen via de app of moet ik daarvoor bellen?",
     "Kan ik mijn abonnement pauzeren via de app of moet ik daarvoor bellen?"),
    ("Het pakket voor mijn moeder is bij de verkeerde buren bezorgd en nu is het zoek",
     "Het pakket voor mijn moeder is bij de verkeerde buren bezorgd en nu is het open, bestelling 7713"),
)  # fmt: skip
"""Pairs of texts that look alike and are two cases."""

_SKETCHER = Sketcher()
_OFFSETS = itertools.count()


def sketch_of(text: str) -> bytes:
    """As the classifier makes it."""
    return _SKETCHER.sketch(tokens(plain(text)))


def says(number: int, text: str, urgency: str = "normal", **changes: object) -> ClassifiedMention:
    """Mention `number` with this text: a remark in the wild by somebody of their own, unless changed."""
    plainly: dict[str, Any] = {
        "intent": "remark",
        "addressed": False,
        "author": f"author{number}",
        "minute": number / 10,
    }
    told = said(number, urgency, text=text, sketch=sketch_of(text), **{**plainly, **changes})
    origin = Origin(topic="mentions.raw", partition=0, offset=next(_OFFSETS))
    return msgspec.structs.replace(told, origin=origin)


def edits_of(text: str) -> Iterator[str]:
    """The text as people and platforms pass it on."""
    cut = text[: int(len(text) * 0.75)]
    yield f"RT @iemand: {text}"
    yield f"RT @iemand: {cut}…"
    yield f"{text} 😡😡"
    yield f"🙏 {text}"
    yield f"{text} https://t.example/9f3a"
    yield f"@nieuwsnu @spoorwolk {text}"
    yield f"{cut}... https://t.example/9f3a"
    yield text.upper()
    yield text.lower().replace(",", "") + "!!!"
    yield f"  {text.replace(' ', '  ')}  #{datetime(2026, 3, 2, tzinfo=UTC):%A}"
    yield f"“@iemand: {text}”"
    yield f"Let op! {text}"
