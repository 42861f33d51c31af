"""`python -m gateway.intake`: dispatcher and worker on queue `gateway`, a process of its own beside the gateway."""

import asyncio
from collections.abc import Mapping

from contracts.gateway import TASK_QUEUE
from gateway.intake import history
from gateway.intake.activities import GatewayActivities
from gateway.intake.delivery import Delivery, HttpPreparer
from gateway.intake.dispatcher import Dispatcher
from kit import temporal
from kit.db import is_unavailable
from kit.http import ServiceClient
from kit.loops import sleep
from kit.service import Context, Loop, Service, main, reach
from kit.settings import Settings
from rules.cache import Packs

SHEETS_EVERY = 60.0
"""Seconds between two looks whether a new day has begun."""


class IntakeSettings(Settings):
    """The gateway's settings as far as the intake needs them; its name is also its role in the database."""

    service: str = "gateway"
    db_pool: int = 20
    db_overflow: int = 10


def loops(context: Context[IntakeSettings]) -> Mapping[str, Loop]:
    """The dispatcher; it connects to Temporal first."""

    async def dispatch(stop: asyncio.Event) -> None:
        client = await reach("temporal", lambda: temporal.connect(context.settings), stop)
        services = ServiceClient(context.settings)
        try:
            await Dispatcher(context.db, Delivery(client, HttpPreparer(services))).run(stop)
        finally:
            await services.aclose()

    async def publish_sheets(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with context.db.unit_of_work() as session:
                    await history.make_due_sheets(session)
            except Exception as error:
                if not is_unavailable(error):
                    raise
            await sleep(stop, SHEETS_EVERY)

    return {"dispatcher": dispatch, "history sheets": publish_sheets}


SERVICE = Service(
    name="gateway",
    package="gateway",
    settings=IntakeSettings,
    queue=TASK_QUEUE,
    make_activities=lambda context: GatewayActivities(context.db, Packs(context.store.get_content)).all(),
    more_loops=loops,
    relay=False,
)

if __name__ == "__main__":
    main(SERVICE, ["all"])
