"""Marks between form and service: what is no mark is said, the rest is saved; nothing is rounded by us."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from contracts.http.review import RubricLineView, SheetTask, TaskCard, TaskKind
from gateway.web.desk import marks

LINES = (
    RubricLineView(id="a", name="其他", third="ethics", max=Decimal(10)),
    RubricLineView(id="b", name="研究", third="theory", max=Decimal("30.5")),
)
CARD = TaskCard(
    id=UUID(int=1),
    kind=TaskKind.portfolio_sheet,
    application_id=UUID(int=2),
    application_number="2024-00001",
    level="junior",
    mine=True,
    fence=3,
)
TASK = SheetTask(kind=TaskKind.portfolio_sheet, task=CARD, sheet=1, lines=LINES, items=(), files=())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("10.5", "“其他”应在 0 到 10 分之间。"),
        ("-1", "“其他”应在 0 到 10 分之间。"),
        ("NaN", "“其他”应在 0 到 10 分之间。"),
        ("九", "“其他”应填数字。"),
        ("1.234", "“其他”最多两位小数。"),
    ],
)
def test_what_is_no_mark_is_said_and_the_rest_is_saved(text: str, wrong: str) -> None:
    found = marks.typed(TASK, {"m.a": text, "m.b": "30.50", "note": " 好 "})
    assert found.wrong == {"a": wrong}
    body = found.body(3, 7)
    assert (body.fence, body.version, body.scores, body.note) == (3, 7, {"b": Decimal("30.50")}, "好")
    assert found.texts["a"] == text


def test_empty_lines_are_missing_and_the_sum_is_exact() -> None:
    found = marks.typed(TASK, {"m.a": "1０", "m.b": "0.25"})
    assert (found.scores, found.wrong) == ({"a": Decimal(10), "b": Decimal("0.25")}, {})
    shown = marks.summary(TASK, marks.typed(TASK, {"m.a": "", "m.b": "0.25"}))
    assert ([one.id for one in shown["missing"]], shown["sum"], shown["most"]) == (["a"], "0.25", "40.5")
    assert [name for name, _ in shown["groups"]] == ["师德修养与专业情感", "理论水平与科技素养"]
    assert (marks.exact("193/2"), marks.exact("80/1"), marks.exact(None)) == ("96.5", "80", "—")
