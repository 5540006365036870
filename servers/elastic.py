"""Elasticsearch: one node."""

import json
import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from servers.account import as_server, hand_over, within_reach
from servers.certificates import Access, Certificates, make_certificates
from servers.errors import ServerTrouble
from servers.fetch import elastic_home
from servers.net import LOOPBACK, ask, free_ports
from servers.process import write_json
from servers.programs import java_home
from servers.run import Run
from servers.single import Single

_USER = "elastic"
_KEY_WITHIN_S = 60.0
_ASK_AGAIN_S = 1.0
_HEAP = "-Xms512m\n-Xmx512m\n"
_FILES_OF_HOME = ("logs/", "HeapDumpPath")
"""Lines of jvm.options that would write into the shared home."""


class Layout(NamedTuple):
    """What does not change while a node lives; it stands in its folder."""

    http: int
    transport: int
    password: str


def settings(layout: Layout, folder: Path, tls: Certificates | None) -> str:
    """elasticsearch.yml; with certificates it asks for TLS and a user or an API key."""
    chosen = {
        "cluster.name": "webcare-servers",
        "node.name": "one",
        "discovery.type": "single-node",
        "network.host": LOOPBACK,
        "http.port": layout.http,
        "transport.port": layout.transport,
        "path.data": folder / "data",
        "path.logs": folder / "logs",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "xpack.security.enabled": "true" if tls else "false",
    }
    if tls:
        chosen |= {
            "xpack.security.http.ssl.enabled": "true",
            "xpack.security.http.ssl.certificate": tls.certificate,
            "xpack.security.http.ssl.key": tls.key,
            "xpack.security.authc.api_key.enabled": "true",
        }
    return "".join(f"{name}: {value}\n" for name, value in chosen.items())


class Elastic(Single):
    """A node on loopback; given the folder of one that was made before, it is that node."""

    def __init__(self, *, secure: bool = False, folder: Path | None = None) -> None:
        super().__init__(folder or Run.current().new_folder("elastic"), "elasticsearch")
        if not (self.folder / "layout.json").exists():
            http, transport = free_ports(2)
            self._prepare(Layout(http, transport, secrets.token_hex(8) if secure else ""))
        self._layout = Layout(*json.loads((self.folder / "layout.json").read_text(encoding="utf-8")))

    @property
    def url(self) -> str:
        """``http://host:port``, or https where it is secure."""
        return f"{'https' if self._layout.password else 'http'}://{LOOPBACK}:{self._layout.http}"

    @property
    def access(self) -> Access:
        """User and password; `api_key` is empty until `make_api_key`."""
        if not self._layout.password:
            raise ServerTrouble("This Elasticsearch is open to all.", "Make it with secure=True.")
        return Access(self.url, self.folder / "config" / "tls" / "ca.pem", _USER, self._layout.password)

    def make_api_key(self) -> Access:
        """The same with a new key that may do everything, as the server encodes it."""
        access = self.access
        deadline = time.monotonic() + _KEY_WITHIN_S
        while True:
            status, answer = ask(
                f"{self.url}/_security/api_key",
                user=access.user,
                password=access.password,
                ca=access.ca,
                body={"name": "webcare"},
            )
            if status == 200:
                return access._replace(api_key=json.loads(answer)["encoded"])
            if time.monotonic() > deadline:
                raise ServerTrouble("Elasticsearch made no API key.", answer.decode(errors="replace"))
            time.sleep(_ASK_AGAIN_S)  # it makes the index for its keys with the first of them

    def launch(self) -> None:
        command = as_server(["bash", str(self._home() / "bin" / "elasticsearch")], self.folder)
        self._process.launch(command, self._environment())

    def answers(self) -> bool:
        where = f"{self.url}/_cluster/health?wait_for_status=yellow&timeout=1s"
        if not self._layout.password:
            return ask(where)[0] == 200
        access = self.access
        return ask(where, user=access.user, password=access.password, ca=access.ca)[0] == 200

    def _home(self) -> Path:
        return within_reach(elastic_home(), self.folder)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self.folder),
            "ES_JAVA_HOME": str(java_home()),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
        }

    def _prepare(self, layout: Layout) -> None:
        """Its own settings, data and logs beside the home that all nodes share."""
        home, config = self._home(), self.folder / "config"
        shutil.copytree(home / "config", config)
        options = (config / "jvm.options").read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in options if not any(part in line for part in _FILES_OF_HOME)]
        (config / "jvm.options").write_text("".join(kept), encoding="utf-8")
        (config / "jvm.options.d").mkdir(exist_ok=True)
        (config / "jvm.options.d" / "small.options").write_text(_HEAP, encoding="ascii")
        tls = make_certificates(config / "tls") if layout.password else None
        (config / "elasticsearch.yml").write_text(settings(layout, self.folder, tls), encoding="utf-8")
        for name in ("data", "logs", "tmp"):
            (self.folder / name).mkdir()
            hand_over(self.folder / name)
        hand_over(config)
        if layout.password:
            self._keep_password(layout.password)
        write_json(self.folder / "layout.json", layout)

    def _keep_password(self, password: str) -> None:
        tool = ["bash", str(self._home() / "bin" / "elasticsearch-keystore")]
        for arguments in (["create", "--silent"], ["add", "--stdin", "--silent", "bootstrap.password"]):
            command = as_server([*tool, *arguments], self.folder)
            said = subprocess.run(
                command, check=False, input=password, capture_output=True, text=True, env=self._environment()
            )
            if said.returncode:
                raise ServerTrouble("Elasticsearch's key store could not be made.", said.stdout + said.stderr)
