"""The documentation against the code: what it names exists, and what exists is named."""

import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from backbone.metrics import CATALOGUE, Metrics
from contracts.topics import ALL_TOPICS
from services.api.routes import (
    archive,
    campaigns,
    corrections,
    floor,
    incidents,
    items,
    operations,
    session,
    stories,
    stream,
    topics,
)
from webcare.cli import app
from webcare.config.load import load_config
from webcare.config.schema import ConfigFile
from webcare.environment import TABLE
from webcare.replay.lines import Action
from webcare.replay.run import Plan, in_folder, open_folder, prepare, replay

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("services/*/README.md")], key=lambda page: page.as_posix()
)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, kind: str) -> list[str]:
    return [body for language, body in _FENCE.findall(text_of(name)) if language == kind]


def rows(name: str) -> list[str]:
    return [line for line in text_of(name).splitlines() if line.startswith("|")]


def slug(heading: str) -> str:
    """The anchor of a heading, as it is made where Markdown is shown."""
    plain = re.sub(r"[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    without_code = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return {slug(line.lstrip("#")) for line in without_code.splitlines() if line.startswith("#")}


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(text_of("README.md").splitlines()) <= 120


def test_the_table_of_the_environment_is_the_one_in_the_code() -> None:
    wanted = [f"| `{each.name}` | {f'`{each.default}`' if each.default else '-'} | {each.meaning} |" for each in TABLE]
    assert [row for row in rows("docs/configuration.md") if row.startswith("| `WEBCARE_")] == wanted


def test_the_table_of_figures_is_the_catalogue() -> None:
    wanted = [
        f"| `{each.name}` | {each.kind} | {', '.join(f'`{label}`' for label in each.labels) or '-'} | {each.meaning} |"
        for each in CATALOGUE
    ]
    assert [row for row in rows("docs/operations.md") if row.startswith("| `webcare_")] == wanted


def test_every_figure_is_fed_by_somebody() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for room in ("backbone", "services", "webcare")
        for path in (ROOT / room).rglob("*.py")
        if path.name != "metrics.py"
    )
    fields = vars(Metrics(CollectorRegistry())).keys() - {"registry"}
    assert len(fields) == len(CATALOGUE)
    assert [field for field in sorted(fields) if not re.search(rf"metrics\.{field}\b", code)] == []


def test_the_table_of_topics_is_the_map_of_the_system() -> None:
    wanted = [
        f"| `{each.name}` | {each.event.__name__} | {each.key} | {', '.join(each.written_by)} | "
        f"{', '.join(each.read_by) or 'nobody yet'} | {each.retention.days} days | {each.partitions} |"
        for each in ALL_TOPICS
    ]
    names = {f"| `{each.name}` " for each in ALL_TOPICS}
    assert [row for row in rows("docs/architecture.md") if row.startswith(tuple(names))] == wanted


def commands() -> Iterator[tuple[str, list[str]]]:
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        yield name, [option for each in command.params for option in each.opts if option.startswith("--")]


@pytest.mark.parametrize(("command", "options"), commands())
def test_each_command_is_documented_with_every_option(command: str, options: list[str]) -> None:
    told = [page.read_text(encoding="utf-8") for page in PAGES if f"webcare {command}" in page.read_text("utf-8")]
    assert told, f"no page tells of webcare {command}"
    for option in options:
        assert any(f"| `{option}` |" in page for page in told), f"no page on webcare {command} has {option} in a table"


def settings() -> set[str]:
    """Every setting of the file by its path: `[]` for an entry of a list, `<name>` for a chosen name."""
    return set(_fields(ConfigFile, ""))


def _fields(model: type[BaseModel], before: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        written = before + (field.alias or name)
        yield written
        for part, between in _parts(field.annotation):
            yield from _fields(part, f"{written}{between}.")


def _parts(annotation: object) -> Iterator[tuple[type[BaseModel], str]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation, ""
        return
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        yield from _parts(arguments[0])
    elif origin in (list, dict):
        between = "[]" if origin is list else ".<name>"
        yield from ((part, between + rest) for part, rest in _parts(arguments[-1]))
    else:
        for argument in arguments:
            yield from _parts(argument)


def test_every_setting_of_the_file_is_documented_and_nothing_else() -> None:
    page = text_of("docs/configuration.md").partition("## Every setting")[2].partition("## The environment")[0]
    assert set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)) == settings()


def test_every_example_configuration_holds_without_a_note(tmp_path: Path) -> None:
    examples = blocks("docs/configuration.md", "yaml")
    assert len(examples) >= 2
    for number, example in enumerate(examples):
        path = tmp_path / f"example-{number}.yaml"
        path.write_text(example, encoding="utf-8")
        assert load_config(path).notes == ()


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
            yield page, target


@pytest.mark.parametrize(
    ("page", "target"), [pytest.param(*each, id=f"{each[0].relative_to(ROOT)}->{each[1]}") for each in links()]
)
def test_every_link_and_image_leads_somewhere(page: Path, target: str) -> None:
    if target.startswith(("https://", "http://", "mailto:")):
        return
    file, _, anchor = target.partition("#")
    place = (page.parent / file).resolve() if file else page
    assert place.exists(), f"{page.relative_to(ROOT)} leads to {target}, which there is not"
    if anchor:
        assert anchor in anchors(place)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    for page in PAGES:
        body = page.read_text(encoding="utf-8")
        named = re.findall(r"(?:`|^    )make ([a-z-]+)", body, re.MULTILINE)
        assert set(named) <= targets, f"{page.relative_to(ROOT)} names {set(named) - targets}"


def test_every_alert_is_documented() -> None:
    rules = yaml.safe_load(text_of("deploy/prometheus/rules.yml"))
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    told = {match[1] for row in rows("docs/operations.md") if (match := re.match(r"\| `(Webcare\w+)` \|", row))}
    assert told == alerts


def test_every_route_is_in_the_guide() -> None:
    routers = (archive, campaigns, corrections, floor, incidents, items, operations, session, stories, stream, topics)
    routes = [route for each in routers for route in each.router.routes if isinstance(route, APIRoute)]
    guide = text_of("docs/api.md")
    assert "`POST /v1/mentions`" in guide
    for route in routes:
        path = re.sub(r"\{\w+\}", "{id}", route.path)
        for method in route.methods:
            assert f"`{method} {path}`" in guide


def test_the_script_lines_of_the_guide_can_be_played(tmp_path: Path) -> None:
    (script,) = blocks("docs/replay.md", "json")
    path = tmp_path / "script.ndjson"
    path.write_text('{"id": "t-17", "text": "Hallo", "created_at": "2026-03-02T09:00:00Z", "brand": "b"}\n' + script)
    read = prepare(Plan(path=path)).script
    assert not read.refused
    actions = [line.happens for line in read.lines if isinstance(line.happens, Action)]
    assert [action.verb for action in actions] == ["claim", "reply", "acknowledge"]
    assert actions[0].target == "t-17"


async def test_every_field_of_a_report_is_documented(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_text("id,text,created_at,brand,author\n1,Waar blijft mijn pakket?,2026-03-02T09:00:00Z,b,eva\n")
    plan = Plan(path=path)
    prepared = prepare(plan)
    open_folder(tmp_path / "data", plan, prepared.script)
    report = await replay(plan, prepared, in_folder(tmp_path / "data"), lambda _n, _at: None)
    guide = text_of("docs/replay.md")
    assert [field for field in report if f"`{field}`" not in guide] == []
