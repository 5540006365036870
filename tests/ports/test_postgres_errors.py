"""What errors of the driver mean."""

import asyncpg
import pytest
from sqlalchemy.exc import InternalError

from backbone.distributed.postgres_errors import translated
from backbone.errors import Unavailable


def test_a_server_that_goes_down_when_the_driver_expects_no_word_is_away() -> None:
    seen = asyncpg.InternalClientError("got result for unknown protocol state 3")
    adapted = Exception(str(seen))
    adapted.__cause__ = seen
    for error in (seen, InternalError("SELECT 1", {}, adapted)):
        with pytest.raises(Unavailable) as raised, translated("PostgreSQL at a:1"):
            raise error
        assert raised.value.code == "postgres_away"
