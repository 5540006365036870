"""The commands about models and corrections: which model judges, how two compare, what people corrected."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from services.classify.registry import Change, Known, Registry
    from webcare.training import Trained

_OUT = Console()

models = typer.Typer(no_args_is_help=True, help="Which model judges, and the way back.")
corrections = typer.Typer(no_args_is_help=True, help="What people say the verdicts should have been.")

DataOption = Annotated[Path | None, typer.Option("--data", help="The folder that keeps everything.")]
ModelsOption = Annotated[
    Path | None, typer.Option("--models", help="The folder of the models, where it is not in the data folder.")
]
NameArgument = Annotated[str, typer.Argument(help="The model's name.")]


def _say(words: str) -> None:
    _OUT.print(words, highlight=False, markup=False, soft_wrap=True)


def _data(data: Path | None) -> Path:
    from webcare.environment import read_environment

    return data or read_environment(os.environ).data


def folder_of(data: Path | None, folder: Path | None) -> Path:
    """Where the models of this installation lie."""
    from webcare.models import models_folder

    return folder or models_folder(_data(data), os.environ)


def _registry(data: Path | None, folder: Path | None) -> "Registry":
    from services.classify.build import registry_of

    return registry_of(folder_of(data, folder))


@models.command(name="list")
def list_models(data: DataOption = None, folder: ModelsOption = None) -> None:
    """Every model, and which one judges."""
    for known in _registry(data, folder).known():
        _say(_line(known))


def _line(known: "Known") -> str:
    told = ["shipped" if known.shipped else "installed"]
    told += [f"of {known.created}"] if known.created else []
    if known.decision is not None:
        told.append(f"{'taken' if known.decision.taken else 'refused'} ({', '.join(known.decision.reasons)})")
    told += [f"damaged: {known.problem}"] if known.problem else []
    return f"{'*' if known.current else ' '} {known.name}: {', '.join(told)}"


@models.command()
def show(name: NameArgument, data: DataOption = None, folder: ModelsOption = None) -> None:
    """A model's card, after all its files were checked."""
    registry = _registry(data, folder)
    registry.load(name)
    [known] = [each for each in registry.known() if each.name == name]
    _say(_line(known))
    card = known.folder / "CARD.md"
    if card.is_file():
        _say(card.read_text("utf-8"))


@models.command()
def use(
    name: NameArgument,
    refused_too: Annotated[bool, typer.Option(help="Also a candidate that was refused.")] = False,
    data: DataOption = None,
    folder: ModelsOption = None,
) -> None:
    """Let a model judge, from the next batch on; what runs need not be restarted."""
    change = _registry(data, folder).use(name, datetime.now(UTC), refused_too=refused_too)
    _say(_changed(change) if change else f"{name} judges already")


@models.command()
def back(data: DataOption = None, folder: ModelsOption = None) -> None:
    """Let the model judge again that did before this one."""
    _say(_changed(_registry(data, folder).back(datetime.now(UTC))))


def _changed(change: "Change") -> str:
    return f"{change.after} judges from the next batch on (before: {change.before})"


@models.command()
def compare(
    forget: Annotated[bool, typer.Option("--forget", help="Drop what was counted so far, and begin anew.")] = False,
    data: DataOption = None,
    folder: ModelsOption = None,
) -> None:
    """How the model in the shadow differs from the one that judges, on live messages."""
    from services.classify import shadow
    from services.classify.tally import summed
    from webcare.models import compared

    place = folder_of(data, folder)
    if forget:
        _say(f"{shadow.forget(place)} counts dropped")
        return
    found = summed(shadow.tallies(place))
    if not found:
        _say(f"Nothing was compared yet in {place}. Name a second model with `classify: {{shadow: NAME}}`.")
    for tally in found:
        for line in compared(tally):
            _say(line)


@corrections.command()
def export(
    target: Annotated[Path, typer.Argument(help="The CSV to write.")],
    data: DataOption = None,
    servers: Annotated[bool, typer.Option("--servers", help="From the desk that WEBCARE_POSTGRES names.")] = False,
) -> None:
    """Write what people corrected as labelled rows, without personal data; the system may run meanwhile."""
    from services.classify.taught import Taught
    from webcare.corrections import desk_in_folder, desk_on_servers, rows_of, write_rows
    from webcare.environment import read_connections

    opening = desk_on_servers(read_connections(os.environ)) if servers else desk_in_folder(_data(data))

    async def run() -> Taught:
        async with opening as desk:
            return await rows_of(desk)

    found = asyncio.run(run())
    write_rows(found.rows, target)
    held = ", ".join(f"{count} {reason}" for reason, count in found.held_back.items())
    _say(f"{len(found.rows)} rows: {target}" + (f"; held back: {held}" if held else ""))


def train(
    corrections_file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="With --with-corrections: exported rows; else the data folder's."),
    ] = None,
    with_corrections: Annotated[
        bool, typer.Option("--with-corrections", help="Learn from corrections too; it judges from now on if better.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="What the model is called; by default after the time.")] = None,
    add: Annotated[
        list[Path] | None, typer.Option("--add", help="One more table of labelled rows; repeatable.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder to write, instead of one among the models.")] = None,
    date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day the card names.")] = None,
    data: DataOption = None,
    folder: ModelsOption = None,
) -> None:
    """Make a model from the shipped rows: the same rows give the same weights, to the byte. Takes minutes."""
    from services.classify.training.corpus import read
    from webcare import training

    at = date.replace(tzinfo=UTC) if date else datetime.now(UTC)
    name = name or f"trained-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    with _OUT.status("rows") as status:
        if with_corrections:
            rows = read(corrections_file) if corrections_file else training.corrected(_data(data))
            made = training.train_candidate(_registry(data, folder), name, at, add or [], rows, status.update)
        else:
            made = training.train(out or folder_of(data, folder) / name, at, add or [], status.update)
    _tell(made)


def _tell(made: "Trained") -> None:
    _say(f"{made.folder.name}: learned from {made.rows} rows: {made.folder}")
    for lang, scores in made.scores.items():
        heads = ", ".join(f"{head} {value:.3f}" for head, value in scores.macro_f1.items())
        _say(
            f"{lang}, {scores.rows} test rows: recall of critical {scores.critical_recall:.3f}, "
            f"{scores.false_pages:.3f} of the others paged; macro-F1 {heads}"
        )
    if made.decision is not None:
        told = "judges from the next batch on" if made.decision.taken else "is refused, the present model goes on"
        _say(f"{made.folder.name} {told}: {', '.join(made.decision.reasons)}")
