"""The time-skipping server with fake services around the real workflows, the real pack and its calendar."""

import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from temporalio.testing import WorkflowEnvironment

from kit.temporal import data_converter, ensure_search_attributes
from rules.pack import load
from tests.workflows.settings import SETTINGS
from tests.workflows.world import World, make_workers
from workflows.__main__ import WORKFLOWS

ROOT = Path(__file__).parents[2]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def shanghai(text: str) -> datetime:
    """ "2025-02-28 18:00" as an aware instant."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@asynccontextmanager
async def new_world() -> AsyncIterator[World]:
    """A fresh server whose round's clock shows 2025-02-20 10:00 in Chongqing, in the midst of filing."""
    server = shutil.which("temporal-test-server", path=str(Path(sys.executable).parent))
    assert server is not None
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=server, data_converter=data_converter(SETTINGS)
    )
    async with env:
        await ensure_search_attributes(env.client)
        offset = await env.get_current_time() - shanghai("2025-02-20 10:00")
        world = World(env=env, pack=load(ROOT / "rulepacks/chongqing-2024"), offset=offset)
        async with AsyncExitStack() as stack:
            for worker in make_workers(env.client, world, WORKFLOWS):
                await stack.enter_async_context(worker)
            yield world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world of the test's own."""
    async with new_world() as made:
        yield made
