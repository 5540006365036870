"""Incidents and pages over HTTP."""

from datetime import timedelta

from api_stage import NOW, SYSTEM, Stage, a_page, an_incident

from backbone.records import Attempt


async def paged(stage: Stage) -> None:
    """One page of the incident, accepted at the second try."""
    async with stage.ports.desk.transaction() as desk:
        await desk.plan_pages([a_page()], SYSTEM)
    for n, outcome in ((1, "temporary"), (2, "accepted")):
        async with stage.ports.desk.transaction() as desk:
            page = (await desk.take_pages("pager", NOW, NOW + timedelta(seconds=30), 1))[0]
            attempt = Attempt(page_id=page.id, n=n, started=NOW, ended=NOW, outcome=outcome, detail=f"http {n}")
            state = "accepted" if outcome == "accepted" else "due"
            await desk.finish_page(page, attempt, state, NOW if state == "due" else None, None, SYSTEM)


async def test_incidents_come_newest_first_page_by_page(stage: Stage) -> None:
    for n in range(5):
        await stage.add_incident(an_incident(f"inc_{n}", opened_at=NOW + timedelta(seconds=n)))
    async with stage.client() as client:
        first = (await client.get("/v1/incidents", params={"limit": 3})).json()
        rest = (await client.get("/v1/incidents", params={"limit": 3, "cursor": first["next"]})).json()
    assert [one["id"] for one in first["incidents"] + rest["incidents"]] == [f"inc_{n}" for n in (4, 3, 2, 1, 0)]
    assert rest["next"] is None


async def test_incidents_are_filtered_by_state_and_brand(stage: Stage) -> None:
    await stage.add_incident(an_incident("inc_1"))
    await stage.add_incident(an_incident("inc_2", brand="other"))
    async with stage.client() as client:
        await client.post("/v1/incidents/inc_1/acknowledge")
        acked = (await client.get("/v1/incidents", params={"state": "acknowledged"})).json()
        other = (await client.get("/v1/incidents", params={"brand": "other"})).json()
    assert [one["id"] for one in acked["incidents"]] == ["inc_1"]
    assert [one["id"] for one in other["incidents"]] == ["inc_2"]


async def test_an_incident_comes_with_timeline_evidence_pages_and_attempts(stage: Stage) -> None:
    await stage.add_incident(an_incident())
    await paged(stage)
    async with stage.client() as client:
        detail = (await client.get("/v1/incidents/inc_1")).json()
    assert detail["incident"]["evidence"] == {"urgency_p_critical": 0.97}
    assert [row["action"] for row in detail["timeline"]][:2] == ["incident.opened", "page.planned"]
    assert detail["pages"][0]["state"] == "accepted"
    assert [send["outcome"] for send in detail["pages"][0]["sends"]] == ["temporary", "accepted"]


async def test_recent_pages_show_their_receipts(stage: Stage) -> None:
    await stage.add_incident(an_incident())
    await paged(stage)
    async with stage.client() as client:
        all_of_them = (await client.get("/v1/pages")).json()["pages"]
        nobody = (await client.get("/v1/pages", params={"person": "anna"})).json()["pages"]
        elsewhere = (await client.get("/v1/pages", params={"brand": "other"})).json()["pages"]
    assert [(page["id"], page["state"], len(page["sends"])) for page in all_of_them] == [("pag_1", "accepted", 2)]
    assert (nobody, elsewhere) == ([], [])


async def test_acknowledging_stops_pages_and_names_who(stage: Stage) -> None:
    await stage.add_incident(an_incident())
    async with stage.ports.desk.transaction() as desk:
        await desk.plan_pages([a_page(due_at=NOW + timedelta(minutes=5))], SYSTEM)
    async with stage.client() as client:
        incident = (await client.post("/v1/incidents/inc_1/acknowledge")).json()
        pages = (await client.get("/v1/incidents/inc_1")).json()["pages"]
    assert (incident["state"], incident["acked_by"]) == ("acknowledged", "anna")
    assert incident["ack_expires_at"] == "2026-03-02T09:30:00Z"
    assert [page["state"] for page in pages] == ["superseded"]


async def test_a_second_acknowledger_learns_who_was_first(stage: Stage) -> None:
    await stage.add_incident(an_incident())
    async with stage.client() as anna, stage.client("bram") as bram:
        await anna.post("/v1/incidents/inc_1/acknowledge")
        answer = await bram.post("/v1/incidents/inc_1/acknowledge")
    assert (answer.status_code, answer.json()["code"]) == (409, "acknowledged")
    assert answer.json()["current"]["acked_by"] == "anna"
    assert "dedup_key" not in answer.json()["current"]


async def test_an_acknowledgement_of_what_changed_since_is_refused(stage: Stage) -> None:
    await stage.add_incident(an_incident())
    async with stage.client() as client:
        stale = await client.post("/v1/incidents/inc_1/acknowledge", json={"expected_seq": 41})
        by_tag = await client.post("/v1/incidents/inc_1/acknowledge", headers={"If-Match": '"41"'})
        tag = (await client.get("/v1/incidents/inc_1")).headers["ETag"]
        right = await client.post("/v1/incidents/inc_1/acknowledge", headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert (by_tag.status_code, by_tag.json()["code"]) == (412, "changed")
    assert right.status_code == 200


async def test_a_resolved_incident_stays_resolved(stage: Stage) -> None:
    await stage.add_incident(an_incident())
    async with stage.client() as client:
        closed = (await client.post("/v1/incidents/inc_1/resolve")).json()
        again = await client.post("/v1/incidents/inc_1/resolve", json={})
        late = await client.post("/v1/incidents/inc_1/acknowledge")
    assert (closed["state"], closed["resolved_by"]) == ("resolved", "anna")
    assert (again.status_code, again.json()["seq"]) == (200, closed["seq"])
    assert (late.status_code, late.json()["code"]) == (409, "resolved")


async def test_acknowledging_twice_under_one_key_is_once(stage: Stage) -> None:
    await stage.add_incident(an_incident())
    async with stage.client(**{"Idempotency-Key": "ack-1"}) as client:
        first = await client.post("/v1/incidents/inc_1/acknowledge")
        second = await client.post("/v1/incidents/inc_1/acknowledge")
    assert first.content == second.content
