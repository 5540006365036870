"""Whether anything got lost."""

from fastapi import APIRouter

from backbone.web.problem import problems
from services.api import views
from services.api.context import TheApi, ThePerson

router = APIRouter(tags=["operations"])


@router.get("/v1/conservation", responses=problems(), summary="What became of everything that came in")
async def conservation(api: TheApi, _: ThePerson) -> views.Conservation:
    counts = await api.ports.desk.counts()
    sums = await api.ports.conservation() if api.ports.conservation else None
    return views.Conservation(
        at=api.now(),
        holds=sums.holds if sums else None,
        figures=dict(sums.figures) if sums else {},
        counts=[views.Count(name=name, reason=why, count=n) for (name, why), n in sorted(counts.items())],
    )
