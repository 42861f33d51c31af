"""Pages of the office for money: statements, unmatched transfers, refunds, invoices, report; the approvers' list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from contracts.http.money import (
    PAGE,
    Allocate,
    Approvals,
    BankLine,
    BankLines,
    BillReport,
    Invoices,
    NewInvoice,
    PaidByBank,
    Refunds,
    Reject,
    RequestRefund,
    SharePart,
    Statements,
    StatementView,
    Totals,
)
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.forms import ThePages, read, see
from gateway.web.public_pages import rounds_of
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
M = TypeVar("M", bound=BaseModel)
_NUMBERS = re.compile(r"[0-9A-Za-z-]{3,40}")
_SHARE = re.compile(r"^\s*([0-9A-Za-z-]{3,40})[\s,，:：]+([0-9]+(?:\.[0-9]{1,2})?)\s*元?\s*$")


@router.get("/staff/money")
async def home(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Totals, statements, import."""
    return await _home(request, parts, pages, caller)


@router.post("/staff/money/statements")
async def import_statement(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller
) -> Response:
    """Takes in a statement of the bank."""
    form = await request.form()
    try:
        name, data = await _file(form.get("file"))
        query = {"name": name[:120], "bank": str(form.get("bank", ""))}
        answer = await parts.services.request(
            "payment",
            "POST",
            "/money/statements",
            actor=caller.actor(),
            params=query,
            content=data,
            headers={"content-type": "application/octet-stream"},
            timeout=60.0,
        )
    except DomainError as error:
        return await _home(request, parts, pages, caller, error=error)
    done = StatementView.model_validate_json(answer.content)
    return await _home(request, parts, pages, caller, done=done)


@router.post("/staff/money/bills")
async def compare_bill(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """A provider's bill beside our books."""
    form = await request.form()
    try:
        _, data = await _file(form.get("file"))
        answer = await parts.services.request(
            "payment",
            "POST",
            "/money/bills",
            actor=caller.actor(),
            params={"provider": str(form.get("provider", "")), "day": str(form.get("day", ""))},
            content=data,
            headers={"content-type": "application/octet-stream"},
            timeout=60.0,
        )
    except DomainError as error:
        return await _home(request, parts, pages, caller, error=error)
    report = BillReport.model_validate_json(answer.content)
    return pages.page(request, "money_bill.html", {"report": report, "tab": "home"})


@router.get("/staff/money/suspense")
async def suspense(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, state: str = "suspense"
) -> Response:
    """Transfers that wait for their owner, with proposals."""
    return await _suspense(request, parts, pages, caller, state)


@router.post("/staff/money/rematch")
async def rematch(parts: TheParts, caller: CurrentCaller) -> Response:
    """Looks at everything unmatched again."""
    await parts.services.request("payment", "POST", "/money/statements/rematch", actor=caller.actor())
    return see("/staff/money/suspense")


@router.get("/staff/money/lines/{line_id}")
async def line_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, line_id: UUID
) -> Response:
    """One transfer, to be allotted by hand."""
    return await _line(request, parts, pages, caller, line_id)


@router.post("/staff/money/lines/{line_id}")
async def allocate(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, line_id: UUID
) -> Response:
    """Allots it: a proposal as it stands, or lines of number and yuan."""
    form = await request.form()
    typed = str(form.get("shares", ""))
    try:
        wanted = _allocation(typed, str(form.get("reason", "")), str(form.get("voucher_on", "")))
        await parts.services.request(
            "payment", "POST", f"/money/lines/{line_id}/allocation", actor=caller.actor(), json=wanted
        )
    except DomainError as error:
        return await _line(request, parts, pages, caller, line_id, error=error, typed=typed)
    return see(f"/staff/money/lines/{line_id}")


@router.get("/staff/money/refunds")
async def refunds_page(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Refunds, and who has a claim to one."""
    return await _refunds(request, parts, pages, caller)


@router.post("/staff/money/refunds")
async def request_refund(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller
) -> Response:
    """Asks for one."""
    try:
        wanted = await read(request, RequestRefund)
        await parts.services.request("payment", "POST", "/money/refunds", actor=caller.actor(), json=wanted)
    except DomainError as error:
        return await _refunds(request, parts, pages, caller, error)
    return see("/staff/money/refunds")


@router.post("/staff/money/refunds/{refund_id}/{step}")
async def move_refund(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    refund_id: UUID,
    step: Literal["retry", "paid"],
) -> Response:
    """The office's part: try again, or say that it was transferred."""
    try:
        body = await read(request, PaidByBank) if step == "paid" else None
        await parts.services.request(
            "payment", "POST", f"/money/refunds/{refund_id}/{step}", actor=caller.actor(), json=body
        )
    except DomainError as error:
        return await _refunds(request, parts, pages, caller, error)
    return see("/staff/money/refunds")


@router.get("/staff/money/invoices")
async def invoices_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller
) -> Response:
    """Invoices that were asked for."""
    return await _invoices(request, parts, pages, caller)


@router.post("/staff/money/invoices")
async def invoice_for_many(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller
) -> Response:
    """One invoice for all whom a unit has paid for."""
    form = await request.form()
    typed = {name: str(form.get(name, "")).strip() for name in ("title", "tax_number", "numbers")}
    try:
        try:
            body = NewInvoice(
                title=typed["title"],
                tax_number=typed["tax_number"].upper() or None,
                application_numbers=tuple(dict.fromkeys(_NUMBERS.findall(typed["numbers"]))),
            )
        except ValidationError:
            raise DomainError(
                Kind.invalid,
                "invalid_input",
                "请填写抬头和至少一个申报编号（最多 200 个）；税号是 15 至 20 位的数字或字母，没有可以不填。",
                "F4",
            ) from None
        await parts.services.request(
            "payment",
            "POST",
            "/money/invoices",
            actor=caller.actor(),
            json=body.model_dump(mode="json"),
        )
    except DomainError as error:
        return await _invoices(request, parts, pages, caller, error, typed)
    return see("/staff/money/invoices")


@router.post("/staff/money/invoices/{invoice_id}")
async def invoice_issued(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, invoice_id: UUID
) -> Response:
    """It was issued outside: number and PDF."""
    form = await request.form()
    try:
        _, data = await _file(form.get("file"))
        await parts.services.request(
            "payment",
            "POST",
            f"/money/invoices/{invoice_id}/pdf",
            actor=caller.actor(),
            params={"number": str(form.get("number", "")).strip()},
            content=data,
            headers={"content-type": "application/pdf"},
        )
    except DomainError as error:
        return await _invoices(request, parts, pages, caller, error)
    return see("/staff/money/invoices")


@router.get("/staff/money/approvals")
async def approvals_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller
) -> Response:
    """What of money waits for a second person."""
    return await _approvals(request, parts, pages, caller)


@router.post("/staff/money/approvals/{kind}/{subject_id}/{decision}")
async def decide(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    kind: Literal["refund", "allocation"],
    subject_id: UUID,
    decision: Literal["approve", "reject"],
) -> Response:
    """The second person's word."""
    try:
        body = await read(request, Reject) if decision == "reject" else None
        path = f"/money/{kind}s/{subject_id}/{decision}"
        await parts.services.request("payment", "POST", path, actor=caller.actor(), json=body)
    except DomainError as error:
        return await _approvals(request, parts, pages, caller, error)
    return see("/staff/money/approvals")


# Pages with what they show ----------------------------------------------------------------------------------


async def _home(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    *,
    error: DomainError | None = None,
    done: StatementView | None = None,
) -> Response:
    listed = await _get(parts, caller, "/money/statements", Statements)
    totals = await _get(parts, caller, "/money/totals", Totals)
    try:
        rounds = await rounds_of(parts)
    except DomainError:  # registration cannot answer now: the page is of use all the same
        rounds = ()
    context = {
        "listed": listed,
        "totals": totals,
        "rounds": rounds,
        "done": done,
        "error": error,
        "tab": "home",
    }
    return pages.page(request, "money.html", context, status=error.kind.status if error else 200)


async def _suspense(request: Request, parts: Parts, pages: ThePages, caller: Caller, state: str) -> Response:
    chosen = state if state in ("suspense", "allocated", "outgoing") else "suspense"
    cursor = {"cursor": after} if (after := request.query_params.get("after", "")) else {}
    found = await _get(parts, caller, "/money/lines", BankLines, state=chosen, limit=str(PAGE), **cursor)
    context = {"lines": found.lines, "more": found.next_cursor, "state": chosen, "tab": "suspense"}
    return pages.page(request, "money_lines.html", context)


async def _line(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    line_id: UUID,
    *,
    error: DomainError | None = None,
    typed: str = "",
) -> Response:
    line = await _get(parts, caller, f"/money/lines/{line_id}", BankLine)
    context = {"line": line, "error": error, "typed": typed, "tab": "suspense"}
    return pages.page(request, "money_line.html", context, status=error.kind.status if error else 200)


async def _refunds(
    request: Request, parts: Parts, pages: ThePages, caller: Caller, error: DomainError | None = None
) -> Response:
    wanted = _wanted(request)
    found = await _get(parts, caller, "/money/refunds", Refunds, **wanted)
    context = {
        "refunds": found.refunds,
        "due": found.due,
        "error": error,
        "tab": "refunds",
        **_listing(wanted, found.found),
    }
    return pages.page(request, "money_refunds.html", context, status=error.kind.status if error else 200)


async def _invoices(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    error: DomainError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    wanted = _wanted(request)
    found = await _get(parts, caller, "/money/invoices", Invoices, **wanted)
    context = {
        "invoices": found.invoices,
        "error": error,
        "tab": "invoices",
        "typed": typed,
        **_listing(wanted, found.found),
    }
    return pages.page(request, "money_invoices.html", context, status=error.kind.status if error else 200)


async def _approvals(
    request: Request, parts: Parts, pages: ThePages, caller: Caller, error: DomainError | None = None
) -> Response:
    found = await _get(parts, caller, "/money/approvals", Approvals)
    context: dict[str, Any] = {
        "approvals": found.approvals,
        "me": caller.account_id,
        "error": error,
        "tab": "approvals",
    }
    return pages.page(request, "money_approvals.html", context, status=error.kind.status if error else 200)


def _wanted(request: Request) -> dict[str, str]:
    """Page and text of a list; a page that is none is the first."""
    page = request.query_params.get("page", "1")
    text = request.query_params.get("text", "").strip()[:60]
    return {"page": page if re.fullmatch(r"[1-9]\d{0,3}", page) else "1", "text": text}


def _listing(wanted: Mapping[str, str], found: int) -> dict[str, Any]:
    """What `_pager.html` shows."""
    pages = max(1, -(-found // PAGE))
    return {"text": wanted["text"], "found": found, "page": int(wanted["page"]), "pages": pages}


async def _get(parts: Parts, caller: Caller, path: str, model: type[M], **params: str) -> M:
    answer = await parts.services.request("payment", "GET", path, actor=caller.actor(), params=params)
    return model.model_validate_json(answer.content)


async def _file(given: object) -> tuple[str, bytes]:
    """Name and bytes of an upload. Errors: `no_file` (422)."""
    if not isinstance(given, UploadFile) or not given.filename:
        raise DomainError(Kind.invalid, "no_file", "请先选择文件。")
    return given.filename, await given.read()


def _allocation(typed: str, reason: str, voucher_on: str) -> Allocate:
    """Lines of application number and yuan. Errors: `invalid_input` (422)."""
    shares: list[SharePart] = []
    try:
        for row in typed.splitlines():
            if not row.strip():
                continue
            match = _SHARE.match(row)
            if match is None:
                raise DomainError(
                    Kind.invalid,
                    "invalid_input",
                    f"“{row[:40]}”看不懂；每行写一个申报编号和金额（元），中间空一格。",
                    "F3",
                )
            yuan, _, cents = match[2].partition(".")
            fen = int(yuan) * 100 + int(cents.ljust(2, "0") or "0")
            shares.append(SharePart(application_number=match[1], amount_fen=fen))
        return Allocate.model_validate(
            {"shares": shares, "reason": reason.strip(), "voucher_on": voucher_on or None}
        )
    except ValidationError:
        raise DomainError(
            Kind.invalid, "invalid_input", "请写明至少一个申报编号和金额，以及分配的理由（2 字以上）。", "F3"
        ) from None
