"""Words for codes and figures in the two languages that people are paged in: Dutch first, English second."""

from typing import Literal

Language = Literal["nl", "en"]

_REASONS: dict[str, tuple[str, str]] = {
    "account_taken": ("account overgenomen", "account taken over"),
    "allergen_undeclared": ("allergeen niet vermeld", "undeclared allergen"),
    "allergy_harm": ("allergische reactie", "allergic reaction"),
    "breathing": ("ademnood", "trouble breathing"),
    "co_danger": ("gevaar van koolmonoxide", "danger of carbon monoxide"),
    "care_device_down": ("zorgapparaat valt uit", "care device is down"),
    "danger_now": ("acuut gevaar", "immediate danger"),
    "data_leak": ("datalek", "data leak"),
    "death": ("overlijden", "death"),
    "emergency_call": ("noodoproep", "emergency call"),
    "emergency_down": ("noodnummer onbereikbaar", "emergency number unreachable"),
    "fire_danger": ("brand of brandgevaar", "fire or danger of fire"),
    "foreign_babyfood": ("vreemd voorwerp in babyvoeding", "foreign object in baby food"),
    "foreign_bitten": ("gebeten op een vreemd voorwerp", "bit on a foreign object"),
    "gas_danger": ("gaslucht of gaslek", "smell of gas or gas leak"),
    "grave_accusation": ("zware beschuldiging met pers of toezichthouder", "grave accusation with press or regulator"),
    "heat_trapped": ("opgesloten in de hitte", "trapped in the heat"),
    "hospital_harm": ("iemand in het ziekenhuis", "somebody in hospital"),
    "injury": ("letsel", "injury"),
    "money_danger": ("geld loopt gevaar", "money at risk"),
    "money_taken": ("geld afgeschreven door een ander", "money taken by somebody else"),
    "outage_many": ("storing bij veel mensen", "outage that hits many"),
    "pet_harm": ("huisdier ziek of dood", "pet ill or dead"),
    "self_harm": ("mogelijk gevaar voor zichzelf", "possible self-harm"),
    "sick_from_food": ("ziek van eten", "ill from food"),
    "sick_from_product": ("ziek van een product", "ill from a product"),
    "stranded_child": ("gestrand kind", "stranded child"),
    "threat": ("bedreiging met geweld", "threat of violence"),
    "trapped": ("opgesloten", "trapped"),
    "unsafe_product": ("onveilig product", "unsafe product"),
    "vulnerable": ("kwetsbaar persoon", "vulnerable person"),
    "wrong_medicine": ("verkeerd medicijn", "wrong medicine"),
}


def reason_in_words(code: str, language: Language) -> str:
    """A reason code in words; an unknown one as it is written, without its underscores."""
    known = _REASONS.get(code)
    return code.replace("_", " ") if known is None else known[language == "en"]


def number(value: float, language: Language) -> str:
    """A figure with the language's marks: one decimal under 10, none above."""
    text = f"{value:,.1f}" if value < 10 and round(value, 1) != int(value) else f"{value:,.0f}"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def expectation(value: float, language: Language) -> str:
    """What is expected: never as nothing, since nobody can be sure of nothing."""
    if value >= 0.05:
        return number(value, language)
    return "minder dan 0,1" if language == "nl" else "less than 0.1"


def share(value: float) -> str:
    """A part of one as a percentage."""
    return f"{value * 100:.0f}%"


def window(seconds: int, language: Language) -> str:
    """A length of time in minutes, or in hours, rounded, from two hours on."""
    minutes = seconds // 60
    if minutes >= 120:
        return f"{round(minutes / 60)} {'uur' if language == 'nl' else 'hours'}"
    if minutes == 1:
        return "1 minuut" if language == "nl" else "1 minute"
    return f"{minutes} {'minuten' if language == 'nl' else 'minutes'}"


def odds(chance: float, language: Language) -> str:
    """A probability as one in so many, in round words."""
    one = "1 op" if language == "nl" else "1 in"
    if chance <= 1e-9:
        return "kleiner dan 1 op een miljard" if language == "nl" else "less than 1 in a billion"
    times = 1 / chance
    if times >= 1_000_000:
        return f"{one} {number(float(f'{times / 1e6:.1g}'), language)} {'miljoen' if language == 'nl' else 'million'}"
    return f"{one} {number(float(f'{times:.2g}'), language)}"


def series(name: str, language: Language) -> str:
    """What is counted, in words, from a name such as ``brand|channel=x`` or ``brand|kind=negative``."""
    _, _, part = name.partition("|")
    field, _, value = part.partition("=")
    if not part:
        return "berichten" if language == "nl" else "messages"
    if field == "channel":
        return f"berichten op {value}" if language == "nl" else f"messages on {value}"
    kinds = {
        "negative": ("negatieve berichten", "negative messages"),
        "urgent": ("urgente berichten", "urgent messages"),
    }
    return kinds.get(value, (f"berichten ({value})", f"messages ({value})"))[language == "en"]
