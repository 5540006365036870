"""Sessions for browsers: a key once, then a cookie that scripts cannot read."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from backbone.web.auth import COOKIE
from backbone.web.problem import problems
from services.api import views
from services.api.bodies import JsonRoute
from services.api.context import Command, TheApi

router = APIRouter(prefix="/v1/session", tags=["session"], route_class=JsonRoute)


class SignIn(Command):
    """Your key."""

    key: Annotated[str, Field(min_length=1, max_length=500)]


@router.post("", responses=problems(400, 413, 415, 422), response_model=views.Me, summary="Sign a browser in")
async def begin(api: TheApi, body: SignIn) -> Response:
    """The cookie is HttpOnly and SameSite=Strict; writes that come with it need the header `X-Webcare: 1`."""
    caller, secret = api.auth.begin(body.key)
    answer = Response(views.me(caller, api.settings).model_dump_json(), media_type="application/json")
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=int(api.settings.door.session_life.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=api.settings.secure_cookies,
    )
    return answer


@router.delete("", status_code=204, summary="Sign out")
async def end(api: TheApi, request: Request) -> Response:
    api.auth.end(request.cookies.get(COOKIE))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=api.settings.secure_cookies)
    return answer
