"""Correcting a verdict in a real browser, with the keyboard alone, in Dutch and English."""

import pytest
from browser_stage import Running, enter, key_of
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = pytest.mark.browser

CALM = "Hoi Plint, er komt een rare brandlucht uit mijn nieuwe lamp, kan dat kwaad?"


def opened(page: Page, system: Running, author: str) -> None:
    system.item_of(author)
    page.locator(".item", has_text=author).locator(".open").click()
    expect(page.locator(".detail h2")).to_contain_text(author)


def test_a_verdict_is_corrected_without_a_mouse_and_two_who_differ_are_both_shown(
    context: BrowserContext, running: Running
) -> None:
    page, complaints = enter(context, running)
    author = running.say(CALM)
    opened(page, running, author)
    page.get_by_role("button", name="Oordeel corrigeren").focus()
    page.keyboard.press("Enter")
    form = page.get_by_role("form", name="Oordeel corrigeren")
    expect(form.get_by_label("urgentie")).to_be_focused()
    form.get_by_label("urgentie").select_option(label="kritiek")
    form.get_by_label("sentiment").select_option(label="positief")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(form.get_by_label("taal")).to_have_value("nl")
    page.keyboard.press("Tab")
    expect(form.get_by_role("button", name="Correctie opslaan")).to_be_focused()
    page.keyboard.press("Enter")
    corrections = page.get_by_role("list", name="Correcties van het oordeel")
    expect(corrections).to_contain_text("Anna Plint vindt:")
    expect(corrections).to_contain_text("urgentie: kritiek")
    expect(corrections).to_contain_text("sentiment: positief")
    expect(form).to_have_count(0)

    item = running.item_of(author)
    other = {"mention_id": item["last_mention_id"], "urgency": "low"}
    running.call("POST", f"/v1/items/{item['id']}/corrections", other, key_of("bram")).raise_for_status()
    expect(corrections).to_contain_text("Bram Zoon vindt: urgentie: laag")
    expect(corrections).to_contain_text("Niet eens over urgentie.")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("list", name="Corrections of the verdict")).to_contain_text("People differ about urgency.")
    expect(page.get_by_role("button", name="Correct the verdict")).to_be_visible()
    assert complaints == []
