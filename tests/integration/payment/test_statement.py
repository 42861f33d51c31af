"""Bank statements: 300 lines with their allocation table, encodings, re-import, one school for twelve, two eyes."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import xlsxwriter
from sqlalchemy import text

from contracts import payment as contract
from contracts.http.money import (
    Allocate,
    BankLine,
    LinesQuery,
    LineState,
    ListQuery,
    PaidByBank,
    RequestRefund,
    SharePart,
)
from contracts.http.payment import Method, OrderState
from kit.errors import DomainError
from services.payment.service import allocation, refunds, statements
from tests.integration.payment.statement import HEAD, Line, as_csv, lines, people
from tests.integration.payment.world import PACK, ROUND, World, shanghai

OFFICE, SECOND, THIRD = uuid4(), uuid4(), uuid4()


async def open_orders(world: World) -> dict[str, UUID]:
    """Everybody's order, written at once: opening 257 of them by activity would take the test's time."""
    ids = {one.number: uuid4() for one in people()}
    rows = [
        {
            "id": uuid4(),
            "application": ids[one.number],
            "number": one.number,
            "level": one.level,
            "amount": one.fee * 100,
            "name": one.name,
            "unit": one.unit,
            "round": ROUND,
            "pack": PACK,
        }
        for one in people()
    ]
    async with world.db.unit_of_work() as session:
        await session.execute(
            text(
                "insert into orders (id, application_id, round_id, application_number, level, route, pack_key,"
                " amount_fen, state, name, unit) values (:id, :application, :round, :number, :level, 'regular',"
                " :pack, :amount, 'open', :name, :unit)"
            ),
            rows,
        )
    return ids


async def load(world: World, data: bytes, name: str = "流水.csv") -> Any:
    return await statements.import_statement(world.parts, data, name=name, mapping="", by=OFFICE)


async def all_lines(world: World) -> list[BankLine]:
    found = await statements.lines(world.parts, LinesQuery(limit=500))
    return sorted(found.lines, key=lambda one: one.line)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.clause("F3", "F6")
async def test_three_hundred_lines_and_their_allocation_table(world: World) -> None:
    await open_orders(world)
    plan = lines()
    view = await load(world, as_csv(plan).encode("gb18030"))
    assert (view.bank, view.lines, view.added, view.known, view.bad) == ("crcb", 300, 300, 0, ())
    found = await all_lines(world)
    assert [table_of(one) for one in found] == [expected(one) for one in plan]
    came_in = sum(one.amount_fen for one in found if one.amount_fen > 0)
    totals = await world.totals()
    assert totals["received"] == -came_in
    assert sum(totals.values()) == 0
    covered = [
        one
        for one in plan
        if one.code == "allocated" and "再次" not in one.cells[5] and one.shares[0][1] != 60
    ]
    assert len(await world.commands()) == len(covered)
    before = totals, len(await world.commands())
    for data in (as_csv(plan).encode("gb18030"), as_csv(plan).encode("utf-8-sig"), workbook(plan)):
        again = await load(world, data)
        assert (again.added, again.known) == (0, 300)
    assert (await world.totals(), len(await world.commands())) == before


def table_of(line: BankLine) -> tuple[str, tuple[tuple[str, int], ...]]:
    shares = tuple((one.application_number, one.amount_fen // 100) for one in line.allocated)
    return line.code, shares


def expected(line: Line) -> tuple[str, tuple[tuple[str, int], ...]]:
    return line.code, line.shares


def workbook(plan: list[Line]) -> bytes:
    """The same as xlsx, amounts as text as banks do."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    page = book.add_worksheet()
    for row, cells in enumerate([HEAD, *(one.cells for one in plan)]):
        for column, cell in enumerate(cells):
            page.write_string(row, column, cell)
    book.close()
    return out.getvalue()


async def school(world: World) -> tuple[BankLine, list[World]]:
    """Twelve of one school, one transfer of 1200 yuan with their names."""
    names = "甲乙丙丁戊己庚辛壬癸子丑"
    made = [
        await world.applicant(f"2024-J-{n:05}", f"钟{name}一", "渝北实验小学")
        for n, name in enumerate(names, 1)
    ]
    memo = "渝北实验小学 " + "、".join(f"钟{name}一" for name in names)
    data = f"日期,金额,付款人,备注,流水号\n2025-02-20,1200.00,渝北实验小学,{memo},A1\n"
    await load(world, data.encode())
    (line,) = await all_lines(world)
    return line, made


@pytest.mark.clause("F3", "O2")
async def test_one_school_for_twelve_in_one_action(world: World) -> None:
    line, made = await school(world)
    assert (line.code, line.state, line.open_fen) == ("many", LineState.suspense, 120000)
    (proposal,) = line.proposals
    assert [(one.name, one.amount_fen) for one in proposal.shares] == [
        (f"钟{n}一", 10000) for n in "甲乙丙丁戊己庚辛壬癸子丑"
    ]
    wanted = Allocate(
        shares=tuple(
            SharePart(application_number=one.application_number, amount_fen=one.amount_fen)
            for one in proposal.shares
        ),
        reason="与学校名单核对一致",
    )
    done = await allocation.allocate(world.parts, line.line_id, wanted, OFFICE)
    assert (done.state.value, done.two_eyes, done.total_fen) == ("approved", False, 120000)
    for one in made:
        order = await world.service.read_order(one.application)
        assert (order.state, order.paid_fen, order.money[0].amount_fen) == (OrderState.paid, 10000, 10000)
    assert len(await world.commands()) == 12
    with pytest.raises(DomainError) as nothing:
        await allocation.allocate(world.parts, line.line_id, wanted, OFFICE)
    assert nothing.value.code == "nothing_open"


@pytest.mark.clause("F3", "O2")
async def test_above_the_limit_a_second_person_agrees(world: World) -> None:
    object.__setattr__(world.parts.settings, "two_eyes_above_fen", 100000)
    line, _ = await school(world)
    shares = tuple(SharePart(application_number=f"2024-J-{n:05}", amount_fen=10000) for n in range(1, 13))
    asked = await allocation.allocate(
        world.parts, line.line_id, Allocate(shares=shares, reason="名单一致"), OFFICE
    )
    assert (asked.state.value, asked.two_eyes) == ("open", True)
    assert await world.commands() == []
    with pytest.raises(DomainError) as own:
        await allocation.approve(world.parts, asked.allocation_id, OFFICE)
    assert own.value.code == "own_proposal"
    for _ in range(2):
        done = await allocation.approve(world.parts, asked.allocation_id, SECOND)
        assert (done.state.value, done.decided_by) == ("approved", SECOND)
    assert len(await world.commands()) == 12
    with pytest.raises(DomainError) as late:
        await allocation.reject(world.parts, asked.allocation_id, THIRD, "不同意")
    assert late.value.code == "already_decided"


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("shares", "code"),
    [
        ([("2024-J-00001", 120001)], "too_much"),
        ([("2024-J-99999", 100)], "unknown_numbers"),
        ([("2024-J-00001", 100), ("2024-J-00001", 100)], "unknown_numbers"),
    ],
)
async def test_an_allotment_that_does_not_fit_moves_nothing(
    world: World, shares: list[tuple[str, int]], code: str
) -> None:
    line, _ = await school(world)
    wanted = Allocate(
        shares=tuple(SharePart(application_number=number, amount_fen=fen) for number, fen in shares),
        reason="试一试",
    )
    with pytest.raises(DomainError) as no:
        await allocation.allocate(world.parts, line.line_id, wanted, OFFICE)
    assert no.value.code == code
    assert (await world.totals())["allocated"] == 0


@pytest.mark.clause("F3")
async def test_a_late_units_transfer_counts_by_its_voucher(world: World, migrated: Any) -> None:
    """Filing ended on 28 February; the bank says 3 March, the 回单 27 February; 6 March would be too late."""
    end = shanghai("2025-03-01T00:00:00")
    await migrated.move_clock(shanghai("2025-02-27T10:00:00") - datetime.now(UTC))
    one = await world.applicant("2024-J-00001", "钟甲一", "渝北实验小学")
    await one.start(method=Method.transfer)
    await migrated.move_clock(end - datetime.now(UTC) + timedelta(seconds=5))
    settle = contract.Settle(case=one.case(), deadline=end)
    settled = await world.service.settle(settle)
    assert (settled.state, settled.until) == (
        contract.SettleState.waiting,
        shanghai("2025-03-06T00:00:00"),
    )
    rows = "2025-03-03,100.00,渝北实验小学,,A1\n2025-03-06,100.00,渝北实验小学,,A2\n"
    await load(world, f"日期,金额,付款人,备注,流水号\n{rows}".encode())
    arrived, too_late = await all_lines(world)
    share = (SharePart(application_number="2024-J-00001", amount_fen=10000),)
    for line, voucher in (
        (too_late, date(2025, 2, 27)),
        (arrived, date(2025, 3, 1)),
        (arrived, date(2025, 3, 4)),
    ):
        with pytest.raises(DomainError) as no:
            await allocation.allocate(
                world.parts, line.line_id, Allocate(shares=share, reason="回单", voucher_on=voucher), OFFICE
            )
        assert no.value.code == "voucher_not_possible"
    await allocation.allocate(
        world.parts,
        arrived.line_id,
        Allocate(shares=share, reason="见回单", voucher_on=date(2025, 2, 27)),
        OFFICE,
    )
    assert (await world.service.settle(settle)).state is contract.SettleState.paid
    (command,) = await world.commands()
    assert datetime.fromisoformat(command["effective_at"]) == shanghai("2025-02-27T23:59:59")


@pytest.mark.clause("F3")
async def test_money_that_was_there_before_its_order(world: World) -> None:
    """The line waits as unknown; opening the order has it looked at again."""
    from kit.due import DueLoop
    from services.payment.due import handlers

    await load(world, "日期,金额,付款人,备注\n2025-02-20,100,王小明,2024-J-00007 王小明\n".encode())
    (line,) = await all_lines(world)
    assert (line.code, line.state) == ("unknown", LineState.suspense)
    one = await world.applicant("2024-J-00007", "王小明", "某小学")
    assert await DueLoop(world.db, handlers(world.service)).step() is True
    assert (await world.service.read_order(one.application)).state is OrderState.paid


@pytest.mark.clause("F3")
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "表头"),
        ("日期,金额\n2025-02-20,100\n".encode(), "表头"),
        (b"PK\x03\x04broken", "打不开"),
        (b"\x00\x01\x02" * 50, "csv"),
        ("日期,金额,付款人,备注\n".encode(), "没有任何一行"),
    ],
)
async def test_a_file_that_is_no_statement(world: World, data: bytes, said: str) -> None:
    with pytest.raises(DomainError) as no:
        await load(world, data)
    assert (no.value.code, no.value.kind.status) == ("statement_unreadable", 422)
    assert said in no.value.message


@pytest.mark.clause("F3")
async def test_lines_that_cannot_be_read_are_named(world: World) -> None:
    wrong = (("02-30", "100"), ("02-20", "NaN"), ("02-20", "1e9999"), ("02-20", "1.005"), ("02-20", "100"))
    rows = "".join(f"2025-{day},{amount},甲,x\n" for day, amount in wrong)
    view = await load(world, f"日期,金额,付款人,备注\n{rows}".encode())
    assert (view.added, [one.line for one in view.bad]) == (1, [2, 3, 4, 5])


@pytest.mark.clause("F5", "F6")
async def test_paid_twice_by_transfer_goes_back_to_its_payer(world: World) -> None:
    """Found by the system, agreed to by two people, paid by the office, found on the next statement."""
    one = await world.applicant("2024-J-00001", "钟甲一", "渝北实验小学")
    head = "日期,金额,付款人,备注,流水号\n"
    paid = "2025-02-20,100,钟甲一,2024-J-00001 钟甲一,A1\n2025-02-21,100,钟甲一,2024-J-00001 钟甲一,A2\n"
    await load(world, (head + paid).encode())
    (asked,) = (await refunds.listed(world.parts, ListQuery())).refunds
    assert (asked.exit, asked.amount_fen, asked.state.value, asked.requested_by) == (
        "duplicate",
        10000,
        "requested",
        None,
    )
    first = await refunds.approve(world.parts, asked.refund_id, OFFICE)
    assert (first.state.value, first.requested_by) == ("requested", OFFICE)
    with pytest.raises(DomainError) as own:
        await refunds.approve(world.parts, asked.refund_id, OFFICE)
    assert own.value.code == "own_proposal"
    assert (await refunds.approve(world.parts, asked.refund_id, SECOND)).state.value == "approved"
    await load(world, (head + "2025-02-25,-100,钟甲一,退评审费,B1\n").encode())
    (done,) = (await refunds.listed(world.parts, ListQuery())).refunds
    assert done.state.value == "paid"
    assert await world.totals() == {"received": -20000, "allocated": 10000, "suspense": 0, "refunded": 10000}
    shown = await world.service.read_order(one.application)
    assert [line.said for line in shown.money] == ["计入评审费", "已全部退回"]
    assert [(line.reason_name, line.said) for line in shown.refunds] == [("重复缴费", "已退回原付款账户")]


@pytest.mark.clause("F6")
async def test_unknown_money_goes_back_by_hand(world: World) -> None:
    await load(world, "日期,金额,付款人,备注,流水号\n2025-02-20,88,路人,不知道,A1\n".encode())
    async with world.db.read() as session:
        receipt = (await session.execute(text("select id from receipt"))).scalar_one()
    wanted = RequestRefund(receipt_id=receipt, exit="unknown", amount_fen=8800)
    asked = await refunds.request(world.parts, wanted, OFFICE)
    with pytest.raises(DomainError) as again:
        await refunds.request(world.parts, wanted, OFFICE)
    assert again.value.code == "no_claim"
    await refunds.approve(world.parts, asked.refund_id, SECOND)
    paid = PaidByBank(bank_reference="B-0001", paid_on=date(2025, 2, 25))
    for _ in range(2):
        assert (await refunds.paid_by_bank(world.parts, asked.refund_id, paid)).state.value == "paid"
    assert await world.totals() == {"received": -8800, "allocated": 0, "suspense": 0, "refunded": 8800}
