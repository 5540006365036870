"""What was written for the rehearsal is enough, varied, and nobody's."""

import re

from webcare.rehearsal.material import Message, written_material

REAL_NAMES = re.compile(
    r"(?<![\w.])(philips|tefal|bosch|siemens|braun|inventum|princess|tristar|senseo|nespresso|avent|nuk|hema|blokker|ikea"
    r"|kruidvat|bol\.com|coolblue|mediamarkt|wehkamp|amazon|marktplaats|jumbo|lidl|aldi|etos|prenatal|nutricia|nestle"
    r"|olvarit|postnl|dhl|dpd|ups|gls|ziggo|kpn|nvwa|telegraaf|volkskrant|nos|rtl|facebook|instagram|whatsapp|twitter"
    r"|tiktok)(?!\w)",
    re.IGNORECASE,
)
REAL_NAMES_WITH_A_CAPITAL = re.compile(r"\b(Kassa|Radar|BOOS|Boos|Action|Plus|PLUS)\b")


def everything() -> list[Message]:
    material = written_material()
    return [*material.everyday, *(one.message for one in material.story())]


def test_there_is_enough_to_say() -> None:
    material = written_material()
    assert len(material.everyday) >= 90
    assert len(list(material.story())) >= 140
    assert len({one.channel for one in everything()}) == 8


def test_no_text_is_empty_and_none_is_written_twice() -> None:
    texts = [one.text.strip() for one in everything()]
    assert all(texts)
    assert len(set(texts)) == len(texts)


def test_no_real_brand_is_named() -> None:
    said = [text for one in everything() for text in (one.text, one.reply or "")]
    assert not [text for text in said if REAL_NAMES.search(text) or REAL_NAMES_WITH_A_CAPITAL.search(text)]


def test_private_data_is_nobodys() -> None:
    texts = " ".join(one.text for one in everything())
    assert all(number.startswith("06-0000000") for number in re.findall(r"\b06[- ]?\d+", texts))
    assert all(host.endswith(".example") for host in re.findall(r"\w@([\w.]+\.\w+)", texts))


def test_exactly_one_message_is_a_threat() -> None:
    material = written_material()
    assert [one.id for one in material.threat] == ["threat"]
    violent = re.compile(r"\b(klap voor|in elkaar|afmaken|doodslaan|vermoord\w*|steek \w+ neer)\b", re.IGNORECASE)
    assert [one.id for one in everything() if violent.search(one.text)] == ["threat"]
    assert material.threat[0].weight == 0


def test_the_critical_ones_are_known() -> None:
    critical = {one.key for one in written_material().story() if one.message.expect == "critical"}
    assert critical == {
        "smoke-first",
        "injury",
        "case-now",
        "case-lip",
        "case-kitchen",
        "case-shock",
        "case-creche",
        "threat",
    }


def test_every_handled_message_has_its_answer_and_every_writer_exists() -> None:
    material = written_material()
    for one in everything():
        assert one.by is None or one.by in material.people
        if one.handle is not None and one.handle.reply:
            assert one.reply is not None
            assert one.handle.claim < one.handle.reply


def test_keys_are_unique() -> None:
    material = written_material()
    keys = [one.key for one in (*material.phase("everyday"), *material.story())]
    assert len(set(keys)) == len(keys)
