"""One house a test file: servers, workers and two people on the list cost seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.integration.complaints.house import House, own_house
from tests.servers import Servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(servers: Servers) -> AsyncIterator[House]:
    async with own_house(servers) as opened:
        yield opened
