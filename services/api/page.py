"""The dashboard's built files, and a sentence in their place where they were not built."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from backbone.web.problem import answer_http, problem

BUILT = Path(__file__).parent / "dashboard" / "dist"
_NOT_BUILT = (
    "Het dashboard is nog niet gebouwd; de API staat op /v1.\n"
    "The dashboard has not been built yet; the API is at /v1.\n"
)


class DashboardPage:
    """Answers what no route answers: a file of the page, or a problem."""

    def __init__(self, folder: Path) -> None:
        self._built = (folder / "index.html").is_file()
        self._files = StaticFiles(directory=folder, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer = await self._answer(scope)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD") or path.startswith(("/v1/", "/demo/")):
            return problem(404, "no_such_route", "There is no such route.")
        if not self._built:
            return self._plain(path)
        try:
            answer = await self._files.get_response(self._files.get_path(scope), scope)
        except HTTPException as error:
            return answer_http(error)
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    def _plain(self, path: str) -> Response:
        if path == "/":
            return PlainTextResponse(_NOT_BUILT)
        return problem(404, "no_such_route", "There is no such page.")
