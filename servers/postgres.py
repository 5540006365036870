"""PostgreSQL: one server on TCP."""

import json
import os
import secrets
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

from servers.account import as_server, hand_over, within_reach
from servers.certificates import Access, make_certificates
from servers.errors import ServerTrouble
from servers.net import LOOPBACK, free_ports
from servers.process import write_json
from servers.programs import postgres_programs, postgres_tls_programs
from servers.run import Run
from servers.single import Single

_ADMIN = "postgres"
_ONLY_TLS = "hostssl all all 127.0.0.1/32 scram-sha-256\n"


class Layout(NamedTuple):
    """What does not change while a server lives; it stands in its folder."""

    port: int
    password: str
    durable: bool


class Postgres(Single):
    """A server on loopback; given the folder of one that was made before, it is that server.

    `secure` asks for TLS and a password. Without `durable` it survives kill -9 of itself but no power loss.
    """

    def __init__(self, *, secure: bool = False, durable: bool = False, folder: Path | None = None) -> None:
        super().__init__(folder or Run.current().new_folder("postgres"), "postgresql")
        if not (self.folder / "layout.json").exists():
            (port,) = free_ports(1)
            self._prepare(Layout(port, secrets.token_hex(8) if secure else "", durable))
        self._layout = Layout(*json.loads((self.folder / "layout.json").read_text(encoding="utf-8")))

    @property
    def url(self) -> str:
        """``postgresql://user@host:port/database`` of somebody who may create databases."""
        return f"postgresql://{_ADMIN}@{LOOPBACK}:{self._layout.port}/postgres"

    @property
    def programs(self) -> Path:
        """The folder with psql, pg_dump and the rest, of the server's own version."""
        return _tree(secure=bool(self._layout.password)) / "bin"

    @property
    def access(self) -> Access:
        """The address, whom to trust, and the administrator's password."""
        if not self._layout.password:
            raise ServerTrouble("This PostgreSQL is open to all.", "Make it with secure=True.")
        return Access(self.url, self.folder / "tls" / "ca.pem", _ADMIN, self._layout.password)

    def launch(self) -> None:
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(self._layout.port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "fsync": "on" if self._layout.durable else "off",
        }
        if self._layout.password:
            tls = self.folder / "tls"
            options |= {"ssl": "on", "ssl_cert_file": str(tls / "server.pem"), "ssl_key_file": str(tls / "server.key")}
        chosen = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        server = str(self._bin(secure=bool(self._layout.password)) / "postgres")
        command = as_server([server, "-D", str(self.folder / "data"), *chosen], self.folder)
        self._process.launch(command, _environment(), stop=signal.SIGINT)

    def answers(self) -> bool:
        command = [str(self.programs / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(self._layout.port)]
        return subprocess.run(command, check=False, capture_output=True, env=_environment()).returncode == 0

    def _bin(self, *, secure: bool) -> Path:
        tree = _tree(secure=secure)
        if secure:
            return tree / "bin"
        package = tree.parent
        within_reach(package.with_name(f"{package.name}.libs"), self.folder / "wheel")
        return within_reach(tree, self.folder / "wheel" / package.name) / "bin"

    def _prepare(self, layout: Layout) -> None:
        data, secret = self.folder / "data", self.folder / "password"
        data.mkdir()
        hand_over(data)
        secret.touch(mode=0o600)
        secret.write_text(layout.password or "none", encoding="ascii")
        hand_over(secret)
        program = str(self._bin(secure=bool(layout.password)) / "initdb")
        how = ["--no-sync", "--encoding=UTF8", "--locale=C", f"--username={_ADMIN}"]
        how += ["--auth=scram-sha-256", f"--pwfile={secret}"] if layout.password else ["--auth=trust"]
        command = as_server([program, "-D", str(data), *how], self.folder)
        said = subprocess.run(command, check=False, capture_output=True, text=True, env=_environment())
        secret.unlink()
        if said.returncode:
            raise ServerTrouble("PostgreSQL's folder could not be made.", said.stderr)
        if layout.password:
            make_certificates(self.folder / "tls")
            hand_over(self.folder / "tls")
            (data / "pg_hba.conf").write_text(_ONLY_TLS, encoding="ascii")
        write_json(self.folder / "layout.json", layout)


def _tree(*, secure: bool) -> Path:
    return postgres_tls_programs() if secure else postgres_programs()


def _environment() -> dict[str, str]:
    """Ours without settings of PostgreSQL's clients, which would lead elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
