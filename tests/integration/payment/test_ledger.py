"""The ledger always sums; refunds, invoices, bills and the report rest on it."""

import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.events import EventType, case_event
from contracts.http.money import BillOutcome, ListQuery, ReportQuery, RequestRefund
from contracts.http.payment import OrderState, ProviderName, RequestInvoice
from contracts.lifecycle import ActionRequiredBy, Stage, Status, Transition
from kit.due import DueLoop
from kit.errors import DomainError
from services.payment.due import handlers
from services.payment.localprovider.pages import alipay_bill, wechat_bill
from services.payment.service import bills, invoices, refunds, reports
from tests.integration.payment.world import Local, World

OFFICE, SECOND = uuid4(), uuid4()


async def paid(world: World, local: Local, number: str = "2024-J-00001") -> tuple[World, UUID]:
    """Somebody who has paid with WeChat; the provider knows it, its callback is taken by hand."""
    one = await world.applicant(number, "钟甲一", "渝北实验小学")
    payment = (await one.start()).payment_id
    local.behave(lose=True)
    await local.pay(payment)
    trade = local.store.get(payment.hex)
    assert trade is not None
    await one.service.take_callback("wechat", *one.wechat(payment, transaction_id=trade.transaction_id))
    return one, payment


async def ended(world: World, status: Status) -> None:
    move = Transition(seq=99, stage=Stage.ended, status=status, action_required_by=ActionRequiredBy.nobody)
    event = case_event(
        EventType.application_ended,
        world.case(),
        effect_key=f"{world.application}/end",
        occurred_at=datetime.now(UTC),
        transition=move,
    )
    for _ in range(2):
        async with world.db.unit_of_work() as session:
            await world.service.hear(event, session)


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        (
            "insert into posting (entry_id, line, account, receipt_id, amount_fen)"
            " select entry_id, 9, 'suspense', receipt_id, 1 from posting limit 1",
            "ck_posting_balanced",
        ),
        (
            "with e as (insert into entry (id, key, kind) values (gen_random_uuid(), 'x', 'assign') returning id)"
            " insert into posting (entry_id, line, account, receipt_id, amount_fen)"
            " select e.id, n, case n when 1 then 'suspense' else 'refunded' end, r.id, case n when 1 then -1 else 1 end"
            " from e, receipt r, generate_series(1, 2) n",
            "ck_posting_overdrawn",
        ),
        ("update posting set amount_fen = amount_fen + 1", "ck_ledger_frozen"),
        ("delete from posting", "ck_ledger_frozen"),
        ("update entry set kind = 'refund'", "ck_ledger_frozen"),
        ("update receipt set amount_fen = 1", "ck_ledger_frozen"),
        ("delete from receipt", "ck_ledger_frozen"),
        (
            "insert into receipt (id, source, transaction_id, amount_fen, effective_at)"
            " values (gen_random_uuid(), 'bank', 'x', 5, now())",
            "ck_receipt_booked",
        ),
    ],
)
async def test_the_database_refuses_what_does_not_sum(
    served: World, local: Local, statement: str, rule: str
) -> None:
    await paid(served, local)
    before = await served.totals()
    with pytest.raises(DBAPIError) as refused:
        async with served.db.unit_of_work() as session:
            await session.execute(text(statement))
    assert getattr(refused.value.orig.__cause__, "constraint_name", None) == rule
    assert await served.totals() == before


@pytest.mark.clause("F5")
async def test_lapsed_after_paying_the_fee_goes_back_through_the_provider(
    served: World, local: Local, migrated: Any
) -> None:
    one, payment = await paid(served, local)
    assert (await refunds.listed(one.parts, ListQuery())).due == ()
    await ended(one, Status.lapsed)
    told = await one.service.read_order(one.application)
    assert (told.over, told.said) == (True, "申报没有完成，已经结束；已缴的评审费按退费规定退还。")
    (claim,) = (await refunds.listed(one.parts, ListQuery())).due
    assert (claim.exit, claim.outcome, claim.amount_fen) == ("before_filed", "full", 10000)
    wanted = RequestRefund(
        receipt_id=claim.receipt_id, application_id=one.application, exit=claim.exit, amount_fen=10000
    )
    asked = await refunds.request(one.parts, wanted, OFFICE)
    assert (await refunds.listed(one.parts, ListQuery())).due == ()
    loop = DueLoop(one.db, handlers(one.service))
    with pytest.raises(DomainError) as own:
        await refunds.approve(one.parts, asked.refund_id, OFFICE)
    assert own.value.code == "own_proposal"
    await refunds.approve(one.parts, asked.refund_id, SECOND)
    assert (await refunds.listed(one.parts, ListQuery())).refunds[0].said == "已批准，即将退回"
    while await loop.step():
        pass
    assert local.store.refunded_fen(payment.hex) == 10000
    assert (await refunds.listed(one.parts, ListQuery())).refunds[0].state.value == "sent"
    await migrated.move_clock(timedelta(minutes=5))
    while await loop.step():
        pass
    (done,) = (await refunds.listed(one.parts, ListQuery())).refunds
    assert (done.state.value, done.said) == ("paid", "已退回原付款账户")
    assert await one.totals() == {"received": -10000, "allocated": 0, "suspense": 0, "refunded": 10000}
    shown = await one.service.read_order(one.application)
    assert (shown.money[0].said, shown.refunds[0].said) == ("已全部退回", "已退回原付款账户")
    assert local.store.refunded_fen(payment.hex) == 10000


@pytest.mark.clause("F5")
@pytest.mark.parametrize(
    ("status", "exit_id"),
    [
        (Status.not_qualified, "not_qualified"),
        (Status.not_certified, "not_in_cut"),
        (Status.disqualified, "upheld_complaint"),
        (Status.withdrawn, "withdrawn_after_filing"),
    ],
)
async def test_where_the_pack_gives_nothing_nothing_can_be_asked_for(
    served: World, local: Local, status: Status, exit_id: str
) -> None:
    one, _ = await paid(served, local)
    await ended(one, status)
    assert (await refunds.listed(one.parts, ListQuery())).due == ()
    async with one.db.read() as session:
        receipt = (await session.execute(text("select id from receipt"))).scalar_one()
    wanted = RequestRefund(receipt_id=receipt, application_id=one.application, exit=exit_id, amount_fen=10000)
    with pytest.raises(DomainError) as no:
        await refunds.request(one.parts, wanted, OFFICE)
    assert no.value.code == "no_claim"


@pytest.mark.clause("F5")
async def test_a_cancelled_round_gives_all_back_and_no_fen_more(served: World, local: Local) -> None:
    one, _ = await paid(served, local)
    async with one.db.read() as session:
        receipt = (await session.execute(text("select id from receipt"))).scalar_one()
    whole = RequestRefund(
        receipt_id=receipt, application_id=one.application, exit="cancelled_round", amount_fen=10001
    )
    with pytest.raises(DomainError) as more:
        await refunds.request(one.parts, whole, OFFICE)
    assert more.value.code == "too_much"
    asked = await refunds.request(one.parts, whole.model_copy(update={"amount_fen": 10000}), OFFICE)
    assert asked.exit_name == "本年度认证取消"
    rejected = await refunds.reject(one.parts, asked.refund_id, SECOND, "年度没有取消")
    assert (rejected.state.value, rejected.said) == ("rejected", "年度没有取消")


@pytest.mark.clause("F6")
async def test_paid_twice_online_the_second_goes_back(served: World, local: Local) -> None:
    """Two charges begun in two tabs, both paid."""
    one = await served.applicant("2024-J-00001", "钟甲一", "渝北实验小学")
    first, second = (await one.start()).payment_id, (await one.start()).payment_id
    for payment in (first, second):
        await one.service.take_callback("wechat", *one.wechat(payment))
    (asked,) = (await refunds.listed(one.parts, ListQuery())).refunds
    assert (asked.exit, asked.amount_fen, asked.to) == ("duplicate", 10000, "原路退回")
    assert len(await one.commands()) == 1
    order = await one.service.read_order(one.application)
    assert (order.paid_fen, order.spare_fen, order.money[1].said) == (10000, 10000, "重复缴费，将按规定退还")


@pytest.mark.clause("F4")
async def test_an_invoice_from_asking_to_the_red_letter(served: World, local: Local, migrated: Any) -> None:
    one, _ = await paid(served, local)
    wanted = RequestInvoice(title="渝北实验小学", tax_number="91500000MA5U0000X1")
    asked = await invoices.ask(one.parts, one.application, wanted, OFFICE)
    with pytest.raises(DomainError) as again:
        await invoices.ask(one.parts, one.application, wanted, OFFICE)
    assert again.value.code == "invoice_exists"
    with pytest.raises(DomainError) as text_file:
        await invoices.issued(one.parts, asked.invoice_id, "25117000", b"no pdf")
    assert text_file.value.code == "not_a_pdf"
    done = await invoices.issued(one.parts, asked.invoice_id, "25117000", b"%PDF-1.7 invoice")
    assert (done.state.value, done.number, done.amount_fen) == ("issued", "25117000", 10000)
    assert await invoices.pdf_of(one.parts, one.application) == b"%PDF-1.7 invoice"
    await ended(one, Status.discarded)
    (claim,) = (await refunds.listed(one.parts, ListQuery())).due
    back = RequestRefund(
        receipt_id=claim.receipt_id, application_id=one.application, exit=claim.exit, amount_fen=10000
    )
    await refunds.approve(one.parts, (await refunds.request(one.parts, back, OFFICE)).refund_id, SECOND)
    loop = DueLoop(one.db, handlers(one.service))
    for minutes in (0, 5):
        await migrated.move_clock(timedelta(minutes=minutes))
        while await loop.step():
            pass
    (due,) = (await invoices.listed(one.parts, ListQuery())).invoices
    assert due.said == "费用已退，等待秘书处开具红字发票"
    red = await invoices.issued(one.parts, asked.invoice_id, "25117001", b"%PDF-1.7 red")
    assert red.state.value == "red_letter_issued"


@pytest.mark.clause("F4")
async def test_the_receipt_says_what_was_paid(served: World, local: Local, cjk_font: object) -> None:
    import pypdfium2

    one = await served.applicant("2024-J-00001", "钟甲一", "渝北实验小学")
    with pytest.raises(DomainError) as unpaid:
        await invoices.receipt_pdf(one.parts, one.application)
    assert unpaid.value.code == "not_paid"
    one, _ = await paid(served, local, "2024-J-00002")
    document = pypdfium2.PdfDocument(await invoices.receipt_pdf(one.parts, one.application))
    said = document[0].get_textpage().get_text_bounded()
    for part in ("评审费收款凭据", "2024-J-00002", "钟甲一", "渝北实验小学", "100.00", "不是发票"):
        assert part in said


@pytest.mark.clause("F6")
@pytest.mark.parametrize("provider", list(ProviderName))
async def test_a_bill_is_compared_line_by_line(served: World, local: Local, provider: ProviderName) -> None:
    """One we know, one whose callback was lost, one that is not ours, and one of ours that the bill lacks."""
    local.behave(lose=True)
    payments = []
    for n in range(3):
        one = await served.applicant(f"2024-J-{n:05}", f"钟{n}一", "渝北实验小学")
        started = await one.start(provider)
        if provider is ProviderName.alipay:
            import httpx

            async with httpx.AsyncClient(trust_env=False) as client:
                await client.get(str(started.pay_url))
        await local.pay(started.payment_id)
        payments.append(started.payment_id)
    trades = [trade for one in payments if (trade := local.store.get(one.hex)) is not None]
    for trade in (trades[0], trades[2]):
        told = served.wechat if provider is ProviderName.wechat else served.alipay
        headers, body = told(UUID(trade.number), transaction_id=trade.transaction_id)
        await served.service.take_callback(provider.value, headers, body)
    strange = served.trade(uuid4(), provider=provider.value, transaction_id="strange")
    write = wechat_bill if provider is ProviderName.wechat else alipay_bill
    today = datetime.fromtimestamp(trades[0].succeeded_at or 0, UTC) + timedelta(hours=8)
    report = await bills.compare(
        served.parts, provider.value, today.date(), write([trades[0], trades[1], strange])
    )
    assert Counter(one.outcome for one in report.lines) == {
        BillOutcome.same: 1,
        BillOutcome.added: 1,
        BillOutcome.unknown_here: 1,
        BillOutcome.missing_there: 1,
    }
    assert (await served.totals())["allocated"] == 30000


@pytest.mark.clause("F6")
async def test_the_reports_totals_tie_to_the_ledger(served: World, local: Local) -> None:
    await paid(served, local, "2024-J-00001")
    twice = await served.applicant("2024-J-00002", "钟乙一", "渝北实验小学")
    for payment in ((await twice.start()).payment_id, (await twice.start()).payment_id):
        await twice.service.take_callback("wechat", *twice.wechat(payment))
    found, data = await reports.report(served.parts, ReportQuery())
    totals = await served.totals()
    assert (-found.received_fen, found.allocated_fen, found.suspense_fen, found.refunded_fen) == tuple(
        totals[name] for name in ("received", "allocated", "suspense", "refunded")
    )
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    summary = {row[0]: row[1] for row in book.get_sheet_by_name("汇总").to_python() if len(row) > 1}
    assert (summary["收到合计"], summary["计入评审费"], summary["差额（应为零）"]) == (300.0, 200.0, 0.0)
    for sheet, total in (("收到", 300), ("计入评审费", 200), ("挂账", 100), ("已退回", 0)):
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        column = [row[3] for row in rows[1:] if len(row) > 3 and isinstance(row[3], float | int)]
        assert sum(column[:-1]) == total == column[-1]
    (one_day, _) = await reports.report(
        served.parts, ReportQuery(day=datetime(2020, 1, 1, tzinfo=UTC).date())
    )
    assert one_day.received_fen == 0
    assert (await served.service.read_order(twice.application)).state is OrderState.paid
