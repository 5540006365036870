"""Short Dutch messages about an invented energy company: the same story in the same words, another in others."""

_OPENINGS = (
    "Hoi @Zwiebelstroom,",
    "Beste Zwiebelstroom,",
    "Vraagje voor @Zwiebelstroom.",
    "Zwiebelstroom, lezen jullie mee?",
    "Net gebeld met Zwiebelstroom.",
    "Sinds vorig jaar klant bij Zwiebelstroom.",
    "Mijn buurvrouw tipte Zwiebelstroom.",
    "Even over Zwiebelstroom.",
    "Goedemorgen Zwiebelstroom,",
    "Voor wie ook bij Zwiebelstroom zit:",
    "Dag mensen van Zwiebelstroom,",
    "Zwiebelstroom dus.",
)
_USUAL = (
    "Waar vind ik mijn jaarafrekening?",
    "Kan ik het termijnbedrag zelf aanpassen?",
    "De nieuwe app werkt prettig.",
    "Wanneer komt de monteur voor de slimme meter?",
    "Hoe geef ik een verhuizing door?",
    "Vandaag overgestapt, ging vlot.",
    "Wat kost teruglevering per kilowattuur?",
    "De folder over zonnepanelen is duidelijk.",
    "Mag ik mijn contract op naam van mijn partner zetten?",
    "Zijn jullie zaterdag bereikbaar?",
    "Ik zoek het formulier voor de aansluiting.",
    "De uitleg over de warmtepomp hielp.",
)
_NEGATIVE = (
    "Al drie weken wacht ik op antwoord, belachelijk.",
    "De rekening klopt weer niet en niemand doet iets.",
    "Slechte service, ik ben er helemaal klaar mee.",
    "Dit is de tweede keer dat de monteur niet komt opdagen.",
    "Waardeloos, weer een uur in de wacht gestaan.",
    "Schandalig hoeveel jullie rekenen voor niets.",
    "De app ligt er alweer uit, wat een ramp.",
    "Ik voel me bedrogen door dat nieuwe tarief.",
    "Beloofd is beloofd, maar jullie laten ons zitten.",
    "Nog nooit zo slecht geholpen.",
    "Mijn geld is afgeschreven en de klacht verdwenen.",
    "Teleurgesteld, dit had ik niet verwacht.",
)
_URGENT = (
    "De stroom is al de hele dag weg, kan er vandaag iemand komen?",
    "Jullie sluiten morgen af terwijl alles betaald is, graag nu antwoord.",
    "Met spoed: de warmtepomp valt elk uur uit, bel vandaag.",
    "De monteur staat voor de deur en heeft nu een code nodig.",
    "Vandaag nog hulp nodig, de winkel zit zonder stroom.",
    "Dringend: er is twee keer een groot bedrag afgeschreven.",
)
_WHERE = (
    "Wij wonen in Assen.",
    "Het gaat om een hoekhuis in Venlo.",
    "Dit speelt in de Bloemstraat.",
    "Bij mijn ouders in Goes.",
    "Op de winkel in Heerlen.",
    "In ons appartement te Sneek.",
    "De hele galerij in Almere heeft het.",
    "Voor de sportclub in Tiel.",
    "Vanaf de boerderij bij Emmen.",
    "Adres aan de Kade in Delfzijl.",
    "Studentenhuis, Wageningen.",
    "Vakantiewoning op Texel.",
)
_CLOSINGS = (
    "Groetjes!",
    "Alvast bedankt.",
    "Ik hoor het wel.",
    "Iemand?",
    "Stuur maar een bericht.",
    "Fijne dag.",
    "Kan dat vandaag nog?",
    "Zeg het voort.",
    "Bellen mag ook.",
    "Benieuwd.",
    "Zie foto.",
    "Tot zover.",
)


def text_of(story: int, negative: bool, urgent: bool) -> str:
    """The words of this story, told in this mood."""
    parts = []
    for choices in (_OPENINGS, _URGENT if urgent else _NEGATIVE if negative else _USUAL, _WHERE, _CLOSINGS):
        story, place = divmod(story, len(choices))
        parts.append(choices[place])
    return " ".join(parts)
