"""At the end of a demo everybody checks their own history against the published sheet, as anybody may."""

from __future__ import annotations

from collections.abc import Iterable

from cli.demo.applicants import Applicant
from cli.demo.board import DemoFailed
from cli.demo.office import Office
from contracts.http.history import History
from rules.history import covered, first_break, sheet_digest


async def check_all(office: Office, applicants: Iterable[Applicant]) -> str:
    """The digest of the round's last sheet, which holds every history whole. DemoFailed otherwise."""
    sheet = await office.fix_histories()
    text = await office.secretary.get_bytes(f"/public/history-sheets/{sheet.id}")
    if sheet_digest(text) != sheet.digest:
        raise DemoFailed(f"总校验表与公布的总校验码 {sheet.digest} 不符")
    for one in applicants:
        history = await one.caller.get(f"{one.at}/history", History)
        if broken := first_break(history.target_id, history.records):
            raise DemoFailed(f"{one.number} 的办理记录第 {broken[0]} 条对不上：{broken[1]}")
        if not history.records or covered(history, text) != len(history.records):
            raise DemoFailed(f"{one.number} 的办理记录不在总校验表里")
    return sheet.digest
