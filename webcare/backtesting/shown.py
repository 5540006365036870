"""A backtest's report for people."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backbone.series import series_parts
from services.router.paging.words import Language, expectation, number, reason_in_words, share, window
from webcare.backtesting.pages import SpikePage
from webcare.backtesting.report import ROUGH_DAYS, Backtest, History, Outcome, is_rough

_MOST_ROWS = 60


def show(found: Backtest, console: Console, zone: tzinfo, language: Language = "en") -> None:
    """Print it: what was gone through, the pages of the first settings, the settings side by side.

    Times are those of the clocks in `zone`; `language` is that of the words on the pages.
    """
    for line in (*_history(found.history, zone), _conclusion(found)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    first = found.outcomes[0]
    if first.pages:
        console.print(_pages(first, zone, language))
    if len(found.outcomes) > 1:
        console.print(_side_by_side(found))
    if first.score is not None:
        console.print(_scores(found))


def _conclusion(found: Backtest) -> str:
    first = found.outcomes[0]
    times = "once" if len(first.pages) == 1 else f"{len(first.pages)} times"
    return (
        f"Settings {first.settings}: you would have been paged {times} in {found.history.days:.1f} days, "
        f"{number(first.per_30_days, 'en')} in 30 days. {first.rough} of them while what is usual was still rough."
    )


def _history(history: History, zone: tzinfo) -> Iterator[str]:
    unread = ", ".join(f"{count} {reason}" for reason, count in history.refused.items())
    yield (
        f"{history.mentions:,} mentions of {len(history.brands)} brands in {history.series} series, told from "
        f"{_at(history.since, zone)} to {_at(history.until, zone)} ({zone})"
        + (f"; not read: {unread}" if unread else "")
    )
    yield (
        "Spikes only. A critical mention pages by itself, which is no part of this: "
        f"{history.critical:,} were judged critical, before stories and rules."
    )
    yield (
        f"A page marked ~ came while less than {ROUGH_DAYS:.0f} days were known of what is usual: it was still rough."
    )


def _pages(outcome: Outcome, zone: tzinfo, language: Language) -> Table:
    table = Table("", "when", "page", show_lines=True, title=f"pages; per month: {_months(outcome)}")
    for page in outcome.pages[:_MOST_ROWS]:
        mark = f"{page.number}{'~' if is_rough(page) else ''}"
        over = f"over\n{_at(page.over, zone)}" if page.over else "not over\nat the end"
        table.add_row(mark, f"{_at(page.at, zone)}\n{over}", escape("\n".join(_lines(page, zone, language))))
    if len(outcome.pages) > _MOST_ROWS:
        table.add_row("...", "", f"and {len(outcome.pages) - _MOST_ROWS} more: --out has them all")
    return table


def _lines(page: SpikePage, zone: tzinfo, language: Language) -> Iterator[str]:
    what = _part(page.series)
    folded = f" (also: {', '.join(_part(each) or 'all' for each in page.also)})" if page.also else ""
    yield (
        f"{page.brand}{f', {what}' if what else ''}: {number(page.seen, 'en')} in {window(page.window_s, 'en')}, "
        f"{expectation(page.expected, 'en')} expected; {number(page.people, 'en')} people, "
        f"{share(page.share_negative)} negative{folded}"
    )
    why = reason_in_words(page.reason, language)
    yield f"paged {_length(page.at - page.since)} after {_at(page.since, zone)}: {why}"
    words = page.words_nl if language == "nl" else page.words_en
    if words:
        yield words


def _part(series: str) -> str:
    parts = series_parts(series)
    return f"{parts.field} {parts.value}" if parts.field else ""


def _side_by_side(found: Backtest) -> Table:
    first, *others = found.outcomes
    table = Table("settings", "pages", "in 30 days", "rough", "also there", "only here", "not here", "per month")
    table.title = f"settings, against {escape(first.settings)}"
    for outcome in (first, *others):
        pages = len(outcome.pages)
        shared = ("", "", "") if outcome is first else (outcome.shared, pages - outcome.shared, outcome.lost)
        figures = (pages, number(outcome.per_30_days, "en"), outcome.rough, *shared, _months(outcome))
        table.add_row(escape(outcome.settings), *map(str, figures))
    return table


def _scores(found: Backtest) -> Table:
    columns = ("settings", "false in 30 days", "false pages", "real kept", "real dropped", "false kept")
    table = Table(*columns, "false dropped", "not judged", title="by what was judged")
    for outcome in found.outcomes:
        if (made := outcome.score) is not None:
            kept = (made.real_kept, made.real_dropped, made.false_kept, made.false_dropped, made.not_judged)
            figures = (number(made.false_per_30_days, "en"), made.false_pages, *kept)
            table.add_row(escape(outcome.settings), *map(str, figures))
    return table


def _months(outcome: Outcome) -> str:
    return ", ".join(f"{month} {count}" for month, count in outcome.by_month.items())


def _at(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _length(delay: timedelta) -> str:
    minutes = round(delay.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
