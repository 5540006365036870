"""A simulation's report for people."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from webcare.simulating.curves import Delays, Level, Rate, Report, Tried


def print_report(report: Report, console: Console) -> None:
    """False pages, delays and what should wake nobody, per level; under each budget, and then along the budgets."""
    budgets = dict.fromkeys(level.budget for level in report.levels)
    for budget in budgets:
        levels = [level for level in report.levels if level.budget == budget]
        if budget is not None:
            console.rule(f"budget: {budget:g} false pages a month")
        console.print(_false_pages(report, levels))
        console.print(_delays(report, levels))
        console.print(_others(levels))
    if len(budgets) > 1:
        console.rule("along the budgets")
        console.print(_curves(report))


def _false_pages(report: Report, levels: Sequence[Level]) -> Table:
    size = f"{levels[0].streams} streams of {report.days} days, {report.dispersion}"
    table = _table(
        f"False pages per 30 quiet days (95% interval)\n{size}\nv/m: variance over mean around the cycle",
        *("a day", "v/m hour", "v/m day", "first week", "after it"),
    )
    for level in levels:
        table.add_row(
            f"{level.per_day:g}",
            f"{level.variance_over_mean_per_hour:.1f}",
            f"{level.variance_over_mean_per_day:.1f}",
            _rate(level.first_week),
            _rate(level.after),
        )
    return table


def _delays(report: Report, levels: Sequence[Level]) -> Table:
    inside = f"{report.campaign_factor:g}x"
    table = _table(
        f"Minutes from the onset until somebody is told\n(missed: not within {report.missed_after_min})",
        *("onset", "a day", "campaign", "tried", "median", "p90", "p95", "missed"),
    )
    for level in levels:
        for told, during in ((level.crises, "-"), (level.crises_in_campaign, inside)):
            for one in told:
                minutes = (_number(each, 1.0) for each in (one.median_min, one.p90_min, one.p95_min))
                table.add_row(one.growth, _rise(one), during, str(one.tried), *minutes, _missed(one))
    return table


def _others(levels: Sequence[Level]) -> Table:
    table = _table(
        "Pages for what should wake nobody (of so many tried), false silences per 30\n"
        "days, and hours until a silence is told (missed: not within 48)",
        *("a day", "campaigns", "after", "reposts", "floods", "silences", "median", "p95", "missed"),
    )
    for level in levels:
        silence = level.silence
        table.add_row(
            f"{level.per_day:g}",
            *(_tried(each) for each in (level.campaigns, level.after_campaigns, level.reposts, level.flood)),
            f"{level.false_silences.per_30_days:.2f}",
            *(_number(each, 60.0) for each in (silence.median_min, silence.p95_min)),
            _missed(silence),
        )
    return table


def _curves(report: Report) -> Table:
    """False pages against delay: what each budget buys, level by level and onset by onset."""
    points = [(level, one) for level in report.levels for one in level.crises]
    table = _table(
        "False pages per 30 quiet days after the first week,\nand minutes from the onset until somebody is told",
        *("onset", "a day", "budget", "false pages", "median", "p95", "missed"),
    )
    for level, one in sorted(points, key=lambda point: (point[1].source, -point[1].target, point[1].growth)):
        minutes = (_number(each, 1.0) for each in (one.median_min, one.p95_min))
        table.add_row(one.growth, _rise(one), f"{level.budget:g}", _rate(level.after), *minutes, _missed(one))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    return table


def _rate(rate: Rate) -> str:
    return f"{rate.per_30_days:.2f} ({rate.low:.2f}-{rate.high:.2f})" if rate.days else "-"


def _rise(one: Delays) -> str:
    return f"{one.source:g} -> {one.target:g}"


def _number(minutes: float | None, unit: float) -> str:
    return "-" if minutes is None else f"{minutes / unit:.1f}"


def _missed(one: Delays) -> str:
    return f"{one.missed / one.tried:.0%}" if one.tried else "-"


def _tried(each: Tried) -> str:
    return f"{each.pages}/{each.tried}" if each.tried else "-"
