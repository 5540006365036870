"""A running system and a browser in front of it; another way to start one overrides the fixture `running`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_stage import Running, system
from playwright.sync_api import Browser, BrowserContext, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DIST = Path(__file__).parents[2] / "services" / "api" / "dashboard" / "dist"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One system for all tests of a file."""
    with system(tmp_path_factory.mktemp("running")) as started:
        yield started


@pytest.fixture
def own_system(tmp_path: Path) -> Iterator[Running]:
    """A system for one test, which may stop it."""
    with system(tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Without it these tests fail: nobody would notice that they were left out."""
    if not shutil.which(CHROMIUM):
        pytest.fail("Chromium is missing: apt-get update && apt-get install -y chromium")
    if not (DIST / "index.html").is_file():
        pytest.fail("The page is not built: cd services/api/dashboard && npm ci && npm run build")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A desk's browser, signed in nowhere."""
    made = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="nl-NL")
    yield made
    made.close()


@pytest.fixture
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    """A phone's browser."""
    made = chromium.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    yield made
    made.close()
