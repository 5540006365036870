"""The stage of most tests."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog
from api_stage import Stage, rates, staged, sums


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, expected=rates, conservation=sums) as built:
        yield built


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged, in place of printing it."""
    with structlog.testing.capture_logs() as lines:
        yield lines
