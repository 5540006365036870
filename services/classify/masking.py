"""Personal data out of a text before it leaves the desk: pure, and the same again changes nothing more.

What replaces it keeps its shape, so that a model still sees that there was a phone number or an account. Names and
street addresses of people other than the author are not recognised.
"""

import re

_LINK = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_HANDLE = re.compile(r"(?<![\w@])@\w[\w.-]{0,63}(?:@[\w.-]{1,63}\w)?")
_ACCOUNT = re.compile(r"\b([A-Z]{2})\d{2}((?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,4})?)\b")
_NUMBER = re.compile(r"\+?\d(?:[ ()./-]{0,2}\d){6,}")
_DIALLED = re.compile(r"(?:(?:\+|00)31[ -]?6?|(?:\+|00)32[ -]?4?|06|04)")
_POSTCODE = re.compile(r"\b[1-9]\d{3} ?[A-Z]{2}\b(?:[ ,]{1,2}\d{1,5}[a-zA-Z]?\b)?")
_DIGIT = re.compile(r"\d")
_SHORTEST_PART = 3

LINK, MAIL, HANDLE, POSTCODE, NAME = "https://example.org", "naam@example.org", "@user", "0000 XX", "Naam"


def masked(text: str, author: str | None = None) -> str:
    """`text` without links, mail addresses, handles, account and other long numbers, postcodes, and its author's name.

    A name is found as a whole in any case, and by its parts of three letters or more as they are written in it.
    """
    text = _LINK.sub(LINK, text)
    text = _MAIL.sub(MAIL, text)
    text = _ACCOUNT.sub(lambda found: f"{found[1]}00{_DIGIT.sub('0', found[2])}", text)
    text = _NUMBER.sub(lambda found: _zeros(found[0]), text)
    text = _POSTCODE.sub(POSTCODE, text)
    text = _HANDLE.sub(HANDLE, text)
    return _nameless(text, author) if author else text


def _zeros(number: str) -> str:
    begun = _DIALLED.match(number)
    kept = begun[0] if begun else ""
    return kept + _DIGIT.sub("0", number[len(kept) :])


def _nameless(text: str, author: str) -> str:
    parts = [part for part in re.findall(r"[^\W\d_]+", author) if len(part) >= _SHORTEST_PART]
    if not parts:
        return text
    whole = r"\W+".join(map(re.escape, re.findall(r"\w+", author)))
    text = re.sub(rf"\b{whole}\b", NAME, text, flags=re.IGNORECASE)
    return re.sub(rf"\b(?:{'|'.join(map(re.escape, parts))})\b", NAME, text)
