"""Money that had come in before there was a ledger is booked by the migration, the fee first, the rest in suspense."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest
from alembic import command

from kit.db import migrate
from kit.db.revisions import _in_alembic
from tests.conftest import TestDatabase


@pytest.mark.clause("F6")
async def test_receipts_of_before_the_ledger(
    new_database: Callable[..., Awaitable[TestDatabase]],
) -> None:
    database = await new_database()
    settings = database.settings("payment")
    await _in_alembic(
        settings, "services.payment", lambda config: command.upgrade(config, "0001"), models=False
    )
    connection = await asyncpg.connect(database.admin_dsn)
    await connection.execute("set search_path to payment")
    application, order = uuid4(), uuid4()
    await connection.execute(
        "insert into orders (id, application_id, round_id, application_number, level, route, pack_key, amount_fen,"
        " state) values ($1, $2, $2, '2024-J-00001', 'junior', 'regular', 'k', 10000, 'paid')",
        order,
        application,
    )
    for day, (source, fen) in enumerate([("bank", 4000), ("local", 10000), ("bank", 500)], 1):
        await connection.execute(
            "insert into receipt (id, application_id, order_id, source, transaction_id, amount_fen, effective_at)"
            " values ($1, $2, $3, $4, $5, $6, make_timestamptz(2025, 2, $7, 0, 0, 0))",
            uuid4(),
            application,
            order,
            source,
            f"t{day}",
            fen,
            day,
        )
    await migrate(settings, "services.payment")
    rows = await connection.fetch(
        "select r.transaction_id, p.account, sum(p.amount_fen) as fen from posting p join receipt r"
        " on r.id = p.receipt_id where p.application_id = $1 group by 1, 2 having sum(p.amount_fen) <> 0",
        application,
    )
    total = await connection.fetchval("select sum(amount_fen) from posting")
    await connection.close()
    assert {(row[0], row[1]): int(row[2]) for row in rows} == {
        ("t1", "allocated"): 4000,
        ("t2", "allocated"): 6000,
        ("t2", "suspense"): 4000,
        ("t3", "suspense"): 500,
    }
    assert total == 0
