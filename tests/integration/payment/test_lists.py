"""Lists of the office: paged, searched, and what has to be done comes first however old it is (F4, F5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from contracts.http.money import PAGE, ListQuery
from services.payment.models import InvoiceRow
from services.payment.service import invoices
from tests.integration.payment.world import World

OLD = datetime(2025, 1, 1, tzinfo=UTC)


async def invoices_of(world: World, count: int) -> None:
    """All issued, the oldest of them still to do."""
    async with world.db.unit_of_work() as session:
        for n in range(count):
            session.add(
                InvoiceRow(
                    id=uuid4(),
                    title=f"第{n:03}中学" if n != 7 else "100%_学校",
                    tax_number=f"91500000{n:010}",
                    amount_fen=10000,
                    applications=[str(uuid4())],
                    state="issued" if n else "requested",
                    number=f"2500{n:04}" if n else None,
                    requested_by=uuid4(),
                    requested_at=OLD + timedelta(minutes=n),
                )
            )


@pytest.mark.clause("F4")
async def test_invoices_are_paged_and_what_is_to_do_comes_first(world: World) -> None:
    count = 2 * PAGE + 5
    await invoices_of(world, count)
    pages = [await invoices.listed(world.service.parts, ListQuery(page=n)) for n in (1, 2, 3, 4)]
    assert [len(one.invoices) for one in pages] == [PAGE, PAGE, 5, 0]
    assert {one.found for one in pages} == {count}
    titles = [one.title for page in pages for one in page.invoices]
    assert titles[:2] == ["第000中学", f"第{count - 1:03}中学"]
    assert len(set(titles)) == count


@pytest.mark.clause("F4")
@pytest.mark.parametrize(
    ("text", "found"),
    [("第012", 1), ("25000013", 1), ("915000000000000014", 1), ("%", 1), ("_", 1), ("没有这所学校", 0)],
)
async def test_invoices_are_found_by_title_tax_number_or_number(world: World, text: str, found: int) -> None:
    await invoices_of(world, 20)
    listed = await invoices.listed(world.service.parts, ListQuery(text=text))
    assert (listed.found, len(listed.invoices)) == (found, found)
