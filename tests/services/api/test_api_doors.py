"""Keys, sessions, roles, brands, and what surrounds every answer."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
from api_stage import NOW, PEOPLE, Stage, an_incident, an_item, classified, key_of, staged, standard
from fastapi import APIRouter, Depends

from backbone.errors import Backpressure, BadInput
from backbone.web.auth import require_person
from backbone.web.people import Door
from services.api.settings import ApiSettings

UNSAFE = {"X-Webcare": "1"}


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """The answer is this problem."""
    told = answer.json()
    assert (answer.status_code, told["code"], told["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["type"] == f"urn:webcare:problem:{code}"
    assert told["remedy"]


async def test_strangers_are_told_to_bring_a_key(stage: Stage) -> None:
    async with stage.client(None) as client:
        for path in ("/v1/items", "/v1/me", "/v1/stream", "/v1/search", "/v1/conservation", "/v1/items/itm_1"):
            answer = await client.get(path)
            refused(answer, 401, "no_key")
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="webcare"'
        refused(await client.post("/v1/items/itm_1/claim", content=b"not even json"), 401, "no_key")


async def test_wrong_keys_and_schemes_are_refused(stage: Stage) -> None:
    async with stage.client(None) as client:
        for header, code in (
            ("Bearer wrong", "unknown_key"),
            ("Bearer ", "no_key"),
            ("Basic YTpi", "no_key"),
            ("", "no_key"),
            (key_of("anna"), "no_key"),
        ):
            refused(await client.get("/v1/me", headers={"Authorization": header}), 401, code)


async def test_a_session_begins_with_a_key_and_ends(stage: Stage) -> None:
    async with stage.client(None) as client:
        begun = await client.post("/v1/session", json={"key": key_of("anna")})
        cookie = begun.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert key_of("anna") not in cookie
        assert (await client.get("/v1/me")).json()["by"] == "session"
        await client.delete("/v1/session")
        refused(await client.get("/v1/me"), 401, "no_key")


async def test_a_session_that_was_ended_is_over_for_who_kept_its_cookie(stage: Stage) -> None:
    async with stage.client(None) as client:
        kept = (await client.post("/v1/session", json={"key": key_of("anna")})).cookies
        await client.delete("/v1/session")
    async with stage.client(None) as thief:
        thief.cookies = kept
        refused(await thief.get("/v1/me"), 401, "no_key")


async def test_a_session_runs_out(stage: Stage) -> None:
    async with stage.client(None) as client:
        await client.post("/v1/session", json={"key": key_of("anna")})
        stage.clock.advance(NOW + timedelta(hours=13))
        refused(await client.get("/v1/me"), 401, "no_key")


async def test_a_session_holds_on_every_instance_with_the_same_secret_and_on_no_other(tmp_path: Path) -> None:
    def door(name: str, secret: str) -> tuple[Path, ApiSettings]:
        (tmp_path / name).mkdir()
        return tmp_path / name, standard(door=Door(people=PEOPLE, session_secret=secret))

    async with (
        staged(*door("one", "shared")) as one,
        staged(*door("two", "shared")) as two,
        staged(*door("three", "another")) as three,
        one.client(None) as client,
    ):
        kept = (await client.post("/v1/session", json={"key": key_of("anna")})).cookies
        for stage, status in ((two, 200), (three, 401)):
            async with stage.client(None) as other:
                other.cookies = kept
                assert (await other.get("/v1/me")).status_code == status


async def test_a_new_key_for_a_person_ends_their_sessions_and_nobody_elses(tmp_path: Path) -> None:
    changed = tuple(
        msgspec.structs.replace(each, key_hash="0" * 64) if each.name == "anna" else each for each in PEOPLE
    )
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before, after = (Door(people=people, session_secret="same") for people in (PEOPLE, changed))
    async with (
        staged(tmp_path / "before", standard(door=before)) as old,
        staged(tmp_path / "after", standard(door=after)) as new,
    ):
        for name, status in (("anna", 401), ("bram", 200)):
            async with old.client(None) as client, new.client(None) as other:
                await client.post("/v1/session", json={"key": key_of(name)})
                other.cookies = client.cookies
                assert (await other.get("/v1/me")).status_code == status


async def test_a_session_that_somebody_changed_is_no_session(stage: Stage) -> None:
    async with stage.client(None) as client:
        await client.post("/v1/session", json={"key": key_of("anna")})
        (note,) = client.cookies.values()
        named, until, rest = note.split(".", 2)
        later = f"{named}.{int(until) + 1}.{rest}"
        bram = f"{b'bram'.hex()}.{until}.{rest}"
        for forged in (later, bram, note[:-1], f"{named}.soon.{rest}", named, "..", "", "é"):
            headers = {"Cookie": f"webcare_session={forged}".encode()}
            assert (await client.get("/v1/me", headers=headers, cookies=None)).status_code == 401, forged


async def test_a_wrong_key_begins_no_session(stage: Stage) -> None:
    async with stage.client(None) as client:
        answer = await client.post("/v1/session", json={"key": "wrong"})
        refused(answer, 401, "unknown_key")
        assert "set-cookie" not in answer.headers


async def test_writes_by_cookie_need_the_header_other_sites_cannot_send(stage: Stage) -> None:
    await stage.add_item(an_item())
    async with stage.client(None) as client:
        await client.post("/v1/session", json={"key": key_of("anna")})
        refused(await client.post("/v1/items/itm_1/claim"), 403, "csrf")
        taken = await client.post("/v1/items/itm_1/claim", headers=UNSAFE)
        audit = (await client.get("/v1/items/itm_1")).json()["audit"]
    assert taken.json()["holder"] == "anna"
    assert audit[-1]["method"] == "ui"


async def test_readers_look_and_do_not_act(stage: Stage) -> None:
    await stage.add_item(an_item())
    async with stage.client("rita") as client:
        assert (await client.get("/v1/items/itm_1")).status_code == 200
        refused(await client.post("/v1/items/itm_1/claim"), 403, "reads_only")


async def test_another_brands_things_are_not_there(stage: Stage) -> None:
    await stage.add_item(an_item())
    await stage.add_incident(an_incident())
    await stage.ports.archive.index([(classified(1, "geheim"), 1)])
    async with stage.client("otto") as client:
        refused(await client.get("/v1/items", params={"brand": "acme"}), 403, "brand_not_yours")
        refused(await client.get("/v1/items/itm_1"), 404, "not_found")
        refused(await client.post("/v1/items/itm_1/claim"), 404, "not_found")
        refused(await client.post("/v1/incidents/inc_1/acknowledge"), 404, "not_found")
        refused(await client.get("/v1/incidents/inc_1"), 404, "not_found")
        assert (await client.get("/v1/items")).json()["items"] == []
        assert (await client.get("/v1/incidents")).json()["incidents"] == []
        assert (await client.get("/v1/search")).json()["total"] == 0
        assert (await client.get("/v1/queues")).json()["queues"][0]["waiting"] == 0


async def test_without_keys_a_demonstration_is_open_and_still_closed_to_other_sites(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(door=Door(people=PEOPLE, auth_off=True))) as stage:
        await stage.add_item(an_item())
        async with stage.client(None) as client:
            me = (await client.get("/v1/me")).json()
            assert (me["name"], me["by"]) == ("anna", "open")
            refused(await client.post("/v1/items/itm_1/claim"), 403, "csrf")
            taken = await client.post("/v1/items/itm_1/claim", headers=UNSAFE)
            assert taken.json()["holder"] == "anna"
        async with stage.client("bram") as client:
            assert (await client.get("/v1/me")).json()["name"] == "bram"


async def test_every_answer_keeps_browsers_strict(stage: Stage) -> None:
    async with stage.client() as client:
        for path in ("/", "/v1/me", "/v1/nothing", "/health"):
            headers = (await client.get(path)).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
        assert (await client.get("/v1/me")).headers["cache-control"] == "no-store"


async def test_metrics_may_need_a_key(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(metrics_public=False)) as stage, stage.client(None) as client:
        refused(await client.get("/metrics"), 401, "no_key")


async def test_mounted_routers_get_the_doors_and_the_errors(tmp_path: Path) -> None:
    router = APIRouter()

    @router.post("/v1/mentions", dependencies=[Depends(require_person)])
    async def take(fault: str) -> Mapping[str, str]:
        if fault == "busy":
            raise Backpressure("Too fast.", retry_after_s=2.5)
        raise BadInput("Too much.", code=fault)

    async with staged(tmp_path, extra=[router]) as stage:
        async with stage.client(None) as client:
            refused(await client.post("/v1/mentions?fault=busy"), 401, "no_key")
        async with stage.client() as client:
            slow = await client.post("/v1/mentions?fault=busy")
            refused(slow, 429, "backpressure")
            assert slow.headers["Retry-After"] == "3"
            refused(await client.post("/v1/mentions?fault=too_large"), 413, "too_large")
            refused(await client.post("/v1/mentions?fault=wrong_content_type"), 415, "wrong_content_type")
            refused(await client.get("/v1/mentions"), 405, "method_not_allowed")


async def test_the_page_is_served_and_only_from_its_folder(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>Webcare</title>")
    (dist / "assets" / "app.js").write_text("'use strict'")
    (tmp_path / "secret.txt").write_text("secret")
    async with staged(tmp_path, standard(dashboard=dist)) as stage, stage.client(None) as client:
        home = await client.get("/")
        script = await client.get("/assets/app.js")
        refused(await client.get("/../secret.txt"), 404, "no_such_route")
        refused(await client.get("/%2e%2e/secret.txt"), 404, "no_such_route")
        refused(await client.get("/nothing.js"), 404, "no_such_route")
        refused(await client.post("/"), 404, "no_such_route")
    assert "<title>Webcare</title>" in home.text
    assert home.headers["cache-control"] == "no-cache"
    assert script.headers["content-type"].startswith("text/javascript")


async def test_a_page_that_was_not_built_is_a_sentence(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(dashboard=tmp_path / "none")) as stage, stage.client(None) as client:
        assert (await client.get("/")).text.startswith("Het dashboard is nog niet gebouwd")
        refused(await client.get("/assets/app.js"), 404, "no_such_route")


async def test_the_description_names_every_route_and_the_problem(stage: Stage) -> None:
    async with stage.client(None) as client:
        described = (await client.get("/v1/openapi.json")).json()
    assert "Problem" in described["components"]["schemas"]
    conflict = described["paths"]["/v1/items/{item_id}/claim"]["post"]["responses"]["409"]
    assert "application/problem+json" in conflict["content"]
    assert {"/v1/items", "/v1/incidents", "/v1/search", "/v1/stream", "/ready"} <= described["paths"].keys()


async def test_the_demonstrations_receiver_takes_pages_from_who_knows_the_token(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(demo_token="t0ken")) as stage, stage.client() as client:
        page = {"title": "Kritiek bericht", "attempt": 1}
        for _ in range(2):
            sent = await client.post("/demo/pager/t0ken", json=page, headers={"webhook-id": "pag_1"})
            assert sent.status_code == 204
        for n in range(500):
            await client.post("/demo/pager/t0ken", json=page, headers={"webhook-id": f"pag_x{n}"})
        refused(await client.post("/demo/pager/wrong", json=page), 404, "not_found")
        shown = (await client.get("/v1/demo/pages")).json()["pages"]
        assert [one["id"] for one in shown][:2] == ["pag_x499", "pag_x498"]
        assert len(shown) == 500
        async with stage.client(None) as stranger:
            refused(await stranger.get("/v1/demo/pages"), 401, "no_key")


async def test_there_is_no_receiver_outside_a_demonstration(stage: Stage) -> None:
    async with stage.client() as client:
        refused(await client.post("/demo/pager/x", json={}), 404, "no_such_route")
        refused(await client.get("/v1/demo/pages"), 404, "no_such_route")
