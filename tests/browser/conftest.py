"""A real browser in front of the gateway; skipped where there is no Chromium or its stylesheets were not fetched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from gateway import web
from kit.db import migrate
from tests.browser.form_site import FormSite, open_form_site
from tests.browser.site import Site, open_site
from tests.conftest import TestDatabase
from tests.integration.gateway.conftest import database
from tests.integration.gateway.conftest import migrated as migrated_gateway
from tests.integration.gateway.world import settings_from
from tests.integration.registration.conftest import world as registration_world
from tests.integration.registration.world import World as Registration
from tests.servers import Servers

__all__ = ["database", "migrated_gateway", "registration_world"]
VENDOR = Path(web.__file__).parent / "static" / "vendor"
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser on a busy machine now and then loses a moment: such a test is played once more, and the run's
    summary says so (`rerun`). What fails twice fails."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def vendor() -> Path:
    """The folder with Tabler and htmx."""
    if not (VENDOR / "tabler.min.css").is_file():
        pytest.skip("没有 Tabler 和 htmx：运行 make setup")
    return VENDOR


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core."""
    if not AXE.is_file():
        pytest.skip("没有 axe-core：运行 make setup")
    return AXE.read_text(encoding="utf-8")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str, vendor: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated(migrated_gateway: TestDatabase) -> TestDatabase:
    """The gateway's database with registration's tables beside."""
    await migrate(migrated_gateway.settings("registration"), "services.registration")
    return migrated_gateway


@pytest_asyncio.fixture(loop_scope="session")
async def site(database: TestDatabase) -> AsyncIterator[Site]:
    settings = settings_from(database.settings("gateway"), embedded=True)
    async with open_site(settings) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def form_site(
    database: TestDatabase, registration_world: Registration, servers: Servers
) -> AsyncIterator[FormSite]:
    """A junior draft with nothing in it, behind the real registration service."""
    async with open_form_site(database, registration_world, servers) as opened:
        yield opened
