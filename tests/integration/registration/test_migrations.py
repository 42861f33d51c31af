"""Registration's migrations lead to exactly the tables that its models describe."""

from __future__ import annotations

from kit.db import migrate
from kit.db.revisions import check
from services.registration.settings import RegistrationSettings
from tests.conftest import TestDatabase


async def test_migrations_and_models_agree(database: TestDatabase) -> None:
    settings = RegistrationSettings(**dict(database.settings("registration")))
    await migrate(settings, "services.registration")
    await check(settings, "services.registration")  # raises what Alembic would still change
