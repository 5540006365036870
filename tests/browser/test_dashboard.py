"""The dashboard in a real browser, before a real `webcare up`."""

import re
import time

import pytest
from browser_stage import Running, as_json, enter
from playwright.sync_api import BrowserContext, Locator, Page, expect

pytestmark = pytest.mark.browser

FIRE = "Help! De oplader van Plint vloog in brand, mijn hand zit vol brandblaren en we zitten op de spoedeisende hulp"
QUESTION = "Hoi Plint, hebben jullie deze lamp ook in het blauw?"


def row_of(page: Page, author: str) -> Locator:
    """An author's item in the list."""
    return page.locator(".item", has_text=author)


def open_item(page: Page, system: Running, author: str) -> None:
    """Choose an author's item, and wait until it is shown."""
    system.item_of(author)
    row_of(page, author).locator(".open").click()
    expect(page.locator(".detail h2")).to_contain_text(author)


def test_a_key_in_the_address_opens_the_door_once_and_leaves_the_address(
    context: BrowserContext, running: Running
) -> None:
    page, _ = enter(context, running)
    assert "key=" not in page.url
    page.reload()
    expect(page.locator(".connection.live")).to_be_visible()
    expect(page.locator(".oncall")).to_contain_text("Anna Plint")


def test_a_wrong_key_is_refused_in_words_and_the_right_one_opens(context: BrowserContext, running: Running) -> None:
    page = context.new_page()
    page.goto(running.base_url)
    page.get_by_label("Je sleutel").fill("not a key")
    page.get_by_role("button", name="Aanmelden").click()
    expect(page.get_by_role("alert")).to_have_text("Deze sleutel is niet bekend.")
    page.get_by_label("Je sleutel").fill(running.key)
    page.get_by_role("button", name="Aanmelden").click()
    expect(page.locator(".connection.live")).to_be_visible()


def test_a_critical_message_becomes_an_incident_and_a_page_while_one_looks(
    context: BrowserContext, running: Running
) -> None:
    page, complaints = enter(context, running)
    author = running.say(FIRE)
    expect(row_of(page, author).locator(".u-critical")).to_be_visible(timeout=10_000)
    expect(page.locator("[aria-live=assertive]")).to_contain_text("Nieuw incident: Plint. Kritiek bericht")
    page.keyboard.press("i")
    expect(page.locator(".detail h2")).to_contain_text("Kritiek bericht")
    expect(page.locator(".timeline")).to_contain_text("Oproep aan Anna Plint aangenomen door webhook", timeout=10_000)
    expect(page.locator(".timeline")).to_contain_text("aflevering onbekend")
    page.keyboard.press("a")
    expect(page.locator(".detail .badge.b-acknowledged")).to_contain_text("bevestigd door Anna Plint")
    expect(page.locator(".timeline")).to_contain_text("Anna Plint bevestigde")
    assert complaints == []


def test_claim_reply_and_resolve_need_no_mouse(context: BrowserContext, running: Running) -> None:
    page, complaints = enter(context, running)
    author = running.say(QUESTION)
    open_item(page, running, author)
    page.keyboard.press("r")
    reply = page.get_by_label(f"Je antwoord aan {author}")
    expect(reply).to_be_focused()
    page.keyboard.type("Ja hoor, ook in het blauw. ^Anna")
    expect(page.locator("#reply-count")).to_have_text("32 van 280 tekens")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".turn.us")).to_contain_text("Ja hoor, ook in het blauw")
    expect(page.locator(".detail .clock.met")).to_contain_text("beantwoord")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.locator(".detail .standing.met")).to_contain_text("afgerond")
    expect(row_of(page, author)).to_have_count(0)
    assert complaints == []


def test_who_comes_second_is_told_who_has_it(context: BrowserContext, running: Running) -> None:
    author = running.say(QUESTION)
    page, _ = enter(context, running)
    open_item(page, running, author)
    context.route("**/v1/stream*", lambda route: route.abort())
    as_json(running.call("POST", f"/v1/items/{running.item_of(author)['id']}/claim", {}, running.other_key))
    page.keyboard.press("c")
    expect(page.locator(".note.bad")).to_contain_text("Bram Zoon heeft dit nu, tot ")
    expect(page.locator(".detail .standing")).to_contain_text("Bram Zoon heeft dit nu")


def test_a_reply_under_a_lost_claim_is_refused_and_its_text_stays(context: BrowserContext, running: Running) -> None:
    author = running.say(QUESTION)
    running.item_of(author)
    context.route("**/v1/stream*", lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{running.base_url}/#key={running.key}")
    open_item(page, running, author)
    page.keyboard.press("r")
    reply = page.locator("#reply")
    reply.fill("Dit wil ik niet kwijt")
    item = running.item_of(author)
    as_json(running.call("POST", f"/v1/items/{item['id']}/release", {"fence": item["fence"]}))
    as_json(running.call("POST", f"/v1/items/{item['id']}/claim", {}, running.other_key))
    page.keyboard.press("Control+Enter")
    expect(page.locator(".note.bad")).to_contain_text("Bram Zoon heeft dit nu")
    expect(page.locator(".note.bad")).to_contain_text("Je tekst staat er nog; niets is verstuurd.")
    expect(reply).to_have_value("Dit wil ik niet kwijt")
    expect(page.get_by_role("button", name="Verstuur antwoord")).to_be_disabled()


def test_the_language_is_remembered(context: BrowserContext, running: Running) -> None:
    page, _ = enter(context, running)
    expect(page.get_by_role("heading", name="Wachtrijen")).to_be_visible()
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("heading", name="Queues")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Queues")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_volume_can_be_walked_by_key_and_read_as_a_table(context: BrowserContext, running: Running) -> None:
    running.item_of(running.say(QUESTION))
    page, _ = enter(context, running)
    chart = page.get_by_role("img", name=re.compile("Volume van Plint: [1-9]"))
    chart.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tip")).to_contain_text("gezien")
    page.get_by_role("button", name="Als tabel").click()
    expect(page.locator(".table tbody tr")).to_have_count(72)


def test_search_marks_what_was_found_and_filters_it(context: BrowserContext, running: Running) -> None:
    running.item_of(running.say("De klingelaar van Plint klingelt niet meer <b>erg</b>"))
    page, _ = enter(context, running)
    page.keyboard.press("/")
    page.keyboard.type("klingel*")
    page.keyboard.press("Enter")
    expect(page.locator(".found mark").first).to_have_text("klingelaar")
    expect(page.locator(".found .excerpt").first).to_contain_text("<b>erg</b>")
    page.get_by_label("Urgentie").select_option("critical")
    expect(page.locator(".found .empty")).to_have_text("Niets gevonden.")
    page.get_by_role("button", name="Terug naar items").click()
    expect(page.locator(".found")).to_have_count(0)


def test_a_queue_shows_its_own_items_only(context: BrowserContext, running: Running) -> None:
    asked, burnt = running.say(QUESTION), running.say(f"{FIRE}, bestelling 4471")
    running.item_of(asked)
    running.item_of(burnt)
    page, _ = enter(context, running)
    page.locator(".queues").get_by_role("button", name=re.compile("^vragen")).click()
    expect(row_of(page, asked)).to_be_visible()
    expect(row_of(page, burnt)).to_have_count(0)


def test_the_sum_at_the_bottom_holds(context: BrowserContext, running: Running) -> None:
    running.item_of(running.say(QUESTION))
    page, _ = enter(context, running)
    expect(page.locator("footer.sum.holds")).to_contain_text("de som klopt", timeout=15_000)


def test_nothing_sticks_out_of_a_phone_and_back_leads_back(phone: BrowserContext, running: Running) -> None:
    author = running.say(QUESTION)
    running.item_of(author)
    page, complaints = enter(phone, running)
    row_of(page, author).locator(".open").click()
    expect(page.locator(".detail")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Terug", exact=True).click()
    expect(page.locator(".detail")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


def test_a_storm_costs_a_few_requests_a_second(context: BrowserContext, running: Running) -> None:
    page, complaints = enter(context, running)
    page.wait_for_timeout(1_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    began = time.monotonic()
    for burst in range(10):
        running.say_all([{"text": f"{QUESTION} {burst} {n}", "author": f"storm{burst}x{n}"} for n in range(40)])
        page.wait_for_timeout(400)
    assert len(asked) / (time.monotonic() - began) <= 6
    expect(page.locator(".queues li", has_text="Alle items").locator(".n")).to_have_text(re.compile(r"4\d\d"))
    assert complaints == []


def test_a_lost_connection_is_told_and_a_new_start_asks_for_the_key(
    context: BrowserContext, own_system: Running
) -> None:
    page, _ = enter(context, own_system)
    own_system.stop()
    expect(page.locator(".connection.lost")).to_contain_text("verbinding weg, opnieuw over")
    expect(page.locator(".banner.lost")).to_contain_text("Wat je ziet is van")
    own_system.start()
    expect(page.get_by_text("Je sessie is afgelopen. Meld je opnieuw aan.")).to_be_visible(timeout=20_000)
    page.get_by_label("Je sleutel").fill(own_system.key)
    page.keyboard.press("Enter")
    expect(page.locator(".connection.live")).to_be_visible()


def test_the_help_names_the_keys_and_closes_with_escape(context: BrowserContext, running: Running) -> None:
    page, _ = enter(context, running)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("incident bevestigen")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_drill_is_marked_as_one(context: BrowserContext, own_system: Running) -> None:
    page, _ = enter(context, own_system)
    expect(page.locator(".banner.drill")).to_have_count(0)
    own_system.say(FIRE, brand="drill", source="drill", drill=True)
    expect(page.locator(".banner.drill")).to_contain_text("Er loopt een oefening", timeout=10_000)
    expect(page.locator(".incident .tag.drill")).to_have_text("oefening")
