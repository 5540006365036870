"""What the desk in PostgreSQL does when the server, the way to it or a setting does not do its part."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from desk_suite import cause, claimed, item, kinds, mention, opened
from msgspec.structs import replace
from postgres_databases import Databases
from sqlalchemy import Connection

from backbone.distributed import postgres
from backbone.distributed.connections import Postgres
from backbone.distributed.desk import PostgresDesk
from backbone.distributed.postgres import connect
from backbone.errors import BadInput, Conflict, Unavailable
from backbone.ports import Desk, ItemFilter
from backbone.relational import migrations
from backbone.relational.tables import metadata
from servers.certificates import Access
from servers.net import free_ports
from servers.postgres import Postgres as Server

pytestmark = pytest.mark.servers


@pytest.fixture
async def database(databases: Databases) -> Postgres:
    return await databases.copy()


@pytest.fixture
async def desk(database: Postgres) -> AsyncIterator[PostgresDesk]:
    desk = await PostgresDesk.open(database)
    yield desk
    await desk.close()


async def run(database: Postgres, *statements: str) -> None:
    """What an administrator does."""
    connection = await asyncpg.connect(database.url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def rows(database: Postgres, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(database.url)
    found = await connection.fetch(query)
    await connection.close()
    return [tuple(row) for row in found]


# ------------------------------------------------------------------------------------------------ a server of its own


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that may be stopped, killed and hung."""
    with Server() as server:
        yield server


@pytest.fixture
async def own_desk(own_server: Server) -> AsyncIterator[Desk]:
    databases = Databases(own_server.url)
    desk = await PostgresDesk.open(await databases.make("restarted"))
    yield desk
    await desk.close()
    await databases.drop()


async def test_a_restart_in_the_middle_costs_that_transaction_and_no_other(own_server: Server, own_desk: Desk) -> None:
    [fresh] = await opened(own_desk, "c1")
    with pytest.raises(Unavailable) as lost:
        await _restart_within(own_desk, own_server.restart)
    assert lost.value.code == "postgres_away"
    assert "WEBCARE_POSTGRES" in lost.value.remedy
    assert await kinds(own_desk) == ["item.opened"]
    assert (await claimed(own_desk, fresh, "ann")).holder == "ann"


async def _restart_within(desk: Desk, restart: object) -> None:
    async with desk.transaction() as tx:
        await tx.add_items([item("c2")], cause())
        await asyncio.to_thread(restart)  # type: ignore[arg-type]
        with contextlib.suppress(Unavailable):
            await tx.put_mentions([mention("m1")])


async def test_a_restart_between_transactions_is_not_noticed(own_server: Server, own_desk: Desk) -> None:
    await asyncio.gather(*(opened(own_desk, f"c{n}") for n in range(8)))
    await asyncio.to_thread(own_server.restart)
    await own_desk.ping()
    async with own_desk.reading() as tx:
        assert len((await tx.items(ItemFilter())).items) == 8
    await asyncio.gather(*(opened(own_desk, f"d{n}") for n in range(8)))


async def test_a_killed_server_is_unavailable_until_it_is_back(own_server: Server, own_desk: Desk) -> None:
    own_server.kill()
    try:
        with pytest.raises(Unavailable) as lost:
            await own_desk.ping()
        with pytest.raises(Unavailable, match="cannot be reached") as away:
            await opened(own_desk, "c1")
    finally:
        own_server.start()
    assert (lost.value.code, away.value.code) == ("postgres_away", "postgres_away")
    assert len(await opened(own_desk, "c1")) == 1


async def test_a_server_that_hangs_is_given_up_after_a_while(
    own_server: Server, own_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ANSWER_S", 0.5)
    desk = await PostgresDesk.open(Databases(own_server.url).named("restarted"))
    own_server.pause()
    try:
        with pytest.raises(Unavailable, match="does not answer in time"):
            await opened(desk, "c1")
    finally:
        own_server.resume()
    assert len(await opened(desk, "c1")) == 1
    await desk.close()


async def test_a_server_without_a_connection_left_is_unavailable(own_server: Server, own_desk: Desk) -> None:
    databases = Databases(own_server.url)
    await databases.admin("CREATE ROLE narrow LOGIN CONNECTION LIMIT 0")
    with pytest.raises(Unavailable, match="no connection left") as refused:
        await PostgresDesk.open(Postgres(url=databases.named("restarted").url.replace("postgres@", "narrow@")))
    assert refused.value.code == "too_many_connections"


async def test_a_desk_that_may_only_be_read_says_so_and_goes_on_when_it_may_be_written(
    databases: Databases, database: Postgres
) -> None:
    name = database.url.rpartition("/")[2]
    await databases.admin(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    desk = await PostgresDesk.open(database)
    with pytest.raises(Unavailable, match="is read only") as refused:
        await opened(desk, "c1")
    assert refused.value.code == "read_only"
    assert "WEBCARE_POSTGRES must name the primary" in refused.value.remedy
    await desk.close()


# ---------------------------------------------------------------------------------------------------- ways and settings


async def test_an_address_where_nobody_answers_is_named() -> None:
    (port,) = free_ports(1)
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}, database desk, cannot be reached") as refused:
        await PostgresDesk.open(Postgres(url=f"postgresql://me@127.0.0.1:{port}/desk"))
    assert refused.value.code == "postgres_away"
    assert "WEBCARE_POSTGRES" in refused.value.remedy


async def test_a_database_that_is_not_there_is_named(databases: Databases) -> None:
    with pytest.raises(Unavailable, match="database nowhere, does not have this database") as refused:
        await PostgresDesk.open(databases.named("nowhere"))
    assert refused.value.code == "no_database"


@pytest.mark.parametrize("address", ["postgresql://me@host:port/desk", "nonsense"])
async def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="WEBCARE_POSTGRES is no address"):
        await PostgresDesk.open(Postgres(url=address))


def _secure(access: Access) -> Postgres:
    return Postgres(url=access.address, password=access.password, tls=True, ca=access.ca)


async def test_over_tls_with_the_password_the_desk_works(secure_postgres: Access) -> None:
    desk = await PostgresDesk.open(_secure(secure_postgres))
    await desk.ping()
    await desk.close()


async def test_a_wrong_password_names_its_setting(secure_postgres: Access) -> None:
    with pytest.raises(Unavailable, match="refuses the password") as refused:
        await PostgresDesk.open(replace(_secure(secure_postgres), password="guess"))
    assert refused.value.code == "wrong_password"
    assert "WEBCARE_POSTGRES_PASSWORD" in refused.value.remedy
    assert "guess" not in str(refused.value)


async def test_a_server_that_nobody_vouches_for_is_not_trusted(secure_postgres: Access) -> None:
    with pytest.raises(Unavailable, match="certificate that is not trusted") as refused:
        await PostgresDesk.open(replace(_secure(secure_postgres), ca=None))
    assert refused.value.code == "untrusted_server"
    assert "WEBCARE_POSTGRES_CA" in refused.value.remedy


async def test_a_server_that_demands_tls_says_so(secure_postgres: Access) -> None:
    with pytest.raises(Unavailable, match="does not let this user in") as refused:
        await PostgresDesk.open(replace(_secure(secure_postgres), tls=False))
    assert "WEBCARE_POSTGRES_TLS" in refused.value.remedy


async def test_a_server_without_tls_is_not_spoken_to_in_the_clear(database: Postgres) -> None:
    with pytest.raises(Unavailable, match="does not speak TLS") as refused:
        await PostgresDesk.open(replace(database, tls=True))
    assert refused.value.code == "no_tls"


async def test_a_file_without_a_certificate_is_named(database: Postgres, tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.touch()
    with pytest.raises(BadInput, match="WEBCARE_POSTGRES_CA"):
        await PostgresDesk.open(replace(database, tls=True, ca=empty))


# --------------------------------------------------------------------------------------------------------- statements


async def test_a_text_that_cannot_be_kept_is_refused_and_nothing_of_its_transaction_kept(desk: Desk) -> None:
    for text in ("a\x00b", "a\ud800b"):
        with pytest.raises(BadInput) as refused:
            await _catch_and_go_on(desk, text)
        assert refused.value.code == "unstorable_value"
    assert (await kinds(desk), await desk.counts()) == ([], {})
    await desk.ping()


async def _catch_and_go_on(desk: Desk, text: str) -> None:
    async with desk.transaction() as tx:
        await tx.count({("accepted", ""): 1})
        with contextlib.suppress(BadInput):
            await tx.add_items([item("c1", excerpt=text)], cause())


async def test_a_fence_or_seq_larger_than_any_is_stale(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    await claimed(desk, fresh, "ann")
    with pytest.raises(Conflict) as refused:
        async with desk.transaction() as tx:
            await tx.release(fresh.id, "ann", 2**40, cause(1))
    assert refused.value.code == "stale_fence"


async def test_transactions_cancelled_anywhere_keep_all_or_nothing(desk: Desk) -> None:
    tasks = [asyncio.create_task(opened(desk, f"a{n}", f"b{n}")) for n in range(30)]
    for n, task in enumerate(tasks):
        await asyncio.sleep(0.002 * (n % 3))
        if n % 2:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    async with desk.reading() as tx:
        told = {row.key for row in await tx.outbox(1_000)}
    for n, result in enumerate(results):
        both = {item(f"a{n}").id, item(f"b{n}").id}
        assert told & both in ([both] if isinstance(result, list) else [both, set()])
    assert len(await opened(desk, "after")) == 1


async def test_a_closed_desk_says_so(database: Postgres) -> None:
    desk = await PostgresDesk.open(database)
    await desk.close()
    await desk.close()
    with pytest.raises(Unavailable, match="is closed"):
        await desk.ping()
    with pytest.raises(Unavailable, match="is closed"):
        await opened(desk, "c1")


# --------------------------------------------------------------------------------------------------------- migrations


async def test_many_processes_that_start_at_once_make_the_tables_once(databases: Databases) -> None:
    fresh = await databases.make()
    desks = await asyncio.gather(*(PostgresDesk.open(fresh) for _ in range(6)))
    await opened(desks[0], "c1")
    assert await kinds(desks[5]) == ["item.opened"]
    await asyncio.gather(*(desk.close() for desk in desks))


async def test_the_revisions_make_the_tables_of_the_code_and_take_them_back(databases: Databases) -> None:
    engine = connect(await databases.make(), 1)
    async with engine.connect() as connection:
        await connection.run_sync(migrations.upgrade)
        assert await connection.run_sync(_differences) == []
        await connection.run_sync(lambda sync: migrations.downgrade(sync, "base"))
        await connection.run_sync(migrations.upgrade)
    await engine.dispose()


def _differences(connection: Connection) -> object:
    with connection.begin():
        return compare_metadata(MigrationContext.configure(connection), metadata)


async def test_every_text_is_ordered_by_its_bytes(desk: Desk, database: Postgres) -> None:
    query = """SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'text'
               AND table_schema = 'public' AND collation_name IS DISTINCT FROM 'C'"""
    assert await rows(database, query) == []
    names = ["b", "B", "é", "a-b", "ab", "Z", "😀", "\uffff"]
    await opened(desk, *names)
    async with desk.reading() as tx:
        first = await tx.items(ItemFilter(limit=3))
        rest = await tx.items(ItemFilter(after=first.next))
    assert [one.id for one in (*first.items, *rest.items)] == sorted(item(name).id for name in names)


async def test_a_desk_that_a_newer_version_wrote_is_refused(database: Postgres) -> None:
    await run(database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadInput, match="9999") as refused:
        await PostgresDesk.open(database)
    assert refused.value.code == "newer_desk"


async def test_a_database_that_cannot_keep_every_text_is_refused(databases: Databases) -> None:
    latin = await databases.make(options="ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(BadInput, match="LATIN1") as refused:
        await PostgresDesk.open(latin)
    assert refused.value.code == "not_utf8"


async def test_a_user_who_may_not_make_tables_is_told(databases: Databases) -> None:
    there = await databases.make()
    await run(there, "DROP ROLE IF EXISTS webcare_guest", "CREATE ROLE webcare_guest LOGIN")
    with pytest.raises(Unavailable, match="forbids this user") as refused:
        await PostgresDesk.open(replace(there, url=there.url.replace("postgres@", "webcare_guest@")))
    assert refused.value.code == "not_allowed"
    await run(there, "DROP ROLE webcare_guest")
