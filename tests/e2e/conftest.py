"""One demo for all end-to-end tests of a session."""

import shutil
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.demos import DemoRun, start_demo


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo_run() -> AsyncIterator[DemoRun]:
    """A whole round, played once."""
    run = await (await start_demo()).finish()
    yield run
    shutil.rmtree(run.folder, ignore_errors=True)
