"""What an incident is about, as the page tells it."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from browser_stage import Running, enter, system
from playwright.sync_api import BrowserContext, expect

pytestmark = pytest.mark.browser

FIRE = "Help! De oplader van Plint vloog in brand, mijn hand zit vol brandblaren en we zitten op de spoedeisende hulp"
QUIET = ("Hebben jullie deze lamp ook in het blauw?", "Wat kost de staande lamp?", "Mooie winkel, vriendelijk geholpen")


@pytest.fixture
def known(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A system with a history of its own, so that no other test's messages are in it."""
    with system(tmp_path_factory.mktemp("topics")) as running:
        old = datetime.now(UTC) - timedelta(days=2)
        running.say_all(
            [
                {"text": f"{QUIET[n % 3]} {chr(97 + n % 25) * 3}", "author": f"oud{n}", "created_at": old.isoformat()}
                for n in range(90)
            ]
        )
        yield running


def wakes_somebody(known: Running) -> None:
    """Danger is told, and its incident stands before the page is asked for it."""
    known.say(FIRE)
    limit = time.monotonic() + 10
    while not known.call("GET", "/v1/incidents").json()["incidents"]:
        assert time.monotonic() < limit, "no incident came of it"
        time.sleep(0.05)


def test_an_incident_says_what_it_is_about_and_each_term_searches_by_keyboard(
    context: BrowserContext, known: Running
) -> None:
    page, complaints = enter(context, known)
    wakes_somebody(known)
    expect(page.locator(".item .u-critical")).to_be_visible(timeout=10_000)
    page.keyboard.press("i")
    topics = page.get_by_role("region", name="Waarover gaat dit")
    expect(topics).to_contain_text("in de 28 dagen ervoor", timeout=10_000)
    term = topics.get_by_role("button", name="toon de berichten").first
    expect(term).to_be_visible()
    said = term.inner_text()
    term.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".found q")).to_have_text(f'"{said}"')
    expect(page.locator(".found [role=status]")).to_contain_text("1")
    assert complaints == []


def test_a_spike_tells_how_it_goes_in_the_readers_language(context: BrowserContext, known: Running) -> None:
    page, complaints = enter(context, known)
    known.say_all([{"text": f"De lamp flikkert {chr(97 + n % 25) * 4} {n}", "author": f"nieuw{n}"} for n in range(150)])
    page.get_by_role("button", name="Piek in berichten").first.click(timeout=20_000)
    course = page.get_by_role("region", name="Verloop")
    expect(course.locator("caption").first).to_have_text("Komende uren")
    expect(course.locator(".band")).to_have_count(6)
    expect(page.locator(".detail .evidence")).to_contain_text("mensen over Plint")
    page.get_by_role("button", name="English").click()
    expect(page.locator(".detail .evidence")).to_contain_text("people about Plint")
    assert complaints == []


def test_it_is_told_in_english_too(context: BrowserContext, known: Running) -> None:
    page, complaints = enter(context, known)
    wakes_somebody(known)
    expect(page.locator(".item .u-critical")).to_be_visible(timeout=10_000)
    page.get_by_role("button", name="English").click()
    page.keyboard.press("i")
    topics = page.get_by_role("region", name="What this is about")
    expect(topics).to_contain_text("in the 28 days before", timeout=10_000)
    assert complaints == []
