"""Campaigns in a real browser: a lead declares one and ends it by keyboard, everybody sees that it runs."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from browser_stage import CONFIG, Running, as_json, enter, system
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = pytest.mark.browser

LED = CONFIG.replace("display: Anna Plint,", "display: Anna Plint, roles: [lead],")
CONFIGURED = """\
campaigns:
  - {name: lange lijn, from: 2020-01-01, to: 2099-12-31, factor: 1.5}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Anna leads here, Bram does not; one campaign stands in the configuration."""
    with system(tmp_path_factory.mktemp("campaigns"), LED + CONFIGURED) as started:
        yield started


def open_panel(page: Page, name: str = "Campagnes") -> None:
    page.get_by_role("button", name=name, exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=name)).to_be_visible()


def declare(running: Running, name: str) -> None:
    """As Anna, from now on for an hour."""
    ends_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"name": name, "brand": "Plint", "ends_at": ends_at, "factor": 4, "people": ["bram"]}
    as_json(running.call("POST", "/v1/campaigns", body))


def test_a_lead_declares_a_campaign_and_ends_it_without_a_mouse(context: BrowserContext, running: Running) -> None:
    page, complaints = enter(context, running)
    badges = page.get_by_role("list", name="Campagnes die lopen")
    expect(badges).to_contain_text("lange lijn 1,5× tot")
    open_panel(page)
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text("Staat in de configuratie")
    expect(panel.get_by_role("button", name="Beëindigen")).to_have_count(0)
    panel.get_by_role("button", name="Nieuwe campagne").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_label("Naam")).to_be_focused()
    page.keyboard.type("televisie")
    panel.get_by_label("Hoeveel keer het gewone").fill("7,5")
    panel.get_by_label("Bram Zoon").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_have_text("Campagne gemeld")
    expect(panel.get_by_role("heading", name="Campagnes")).to_be_focused()
    expect(panel.get_by_role("listitem").filter(has_text="televisie")).to_contain_text("Extra paraat: Bram Zoon")
    expect(badges).to_contain_text("televisie 7,5× tot", timeout=10_000)
    expect(page.locator(".oncall")).to_contain_text("extra voor televisie", timeout=10_000)

    panel.get_by_role("button", name="Beëindigen: televisie").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("button", name="Zeker weten? televisie stopt nu")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_have_text("televisie is beëindigd")
    ended = panel.get_by_role("listitem").filter(has_text="televisie")
    expect(ended).to_contain_text("afgelopen", timeout=10_000)
    expect(ended).to_contain_text("beëindigd door Anna Plint")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Campagnes", exact=True)).to_be_focused()
    expect(badges).not_to_contain_text("televisie")
    expect(page.locator(".oncall")).not_to_contain_text("Bram Zoon", timeout=10_000)
    assert complaints == []


def test_what_is_refused_stands_at_its_field_in_the_readers_language(context: BrowserContext, running: Running) -> None:
    page, _ = enter(context, running)
    page.get_by_role("button", name="Switch to English").click()
    open_panel(page, "Campaigns")
    panel = page.get_by_role("dialog")
    panel.get_by_role("button", name="New campaign").click()
    name, factor = panel.get_by_label("Name", exact=True), panel.get_by_label("How many times the usual")
    factor.fill("500")
    page.keyboard.press("Enter")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(panel).to_contain_text("Give a name of at most 80 characters")
    name.fill("radio")
    page.keyboard.press("Enter")
    expect(factor).to_be_focused()
    expect(panel.locator("#cmp-factor-fault")).to_have_text("Give a number from 0.1 to 100.")
    page.keyboard.press("Escape")
    panel.get_by_role("button", name="New campaign").click()
    expect(name).to_have_value("radio")


def test_who_does_not_lead_sees_what_runs_and_changes_nothing(phone: BrowserContext, running: Running) -> None:
    page, complaints = enter(phone, dataclasses.replace(running, key=running.other_key))
    declare(running, "radio")
    badges = page.locator(".campaigns-now")
    expect(badges).to_contain_text("radio 4×", timeout=10_000)
    expect(page.locator(".oncall")).to_contain_text("Bram Zoon", timeout=10_000)
    badges.get_by_role("button", name="radio").click()
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text("radio")
    expect(panel.get_by_role("button")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
