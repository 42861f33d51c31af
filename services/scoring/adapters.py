"""The ranking as a workbook (T3). Every text is written as text: no cell of ours can become a formula."""

import io

import xlsxwriter

from contracts.http.scoring import RankedLevel, RankedRow, Ranking, RankOutcome
from contracts.rulepack import RulePack
from services.scoring.domain import two_places

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_COMPONENTS = {"portfolio": "业绩和成果", "exam": "笔试", "defence": "答辩"}
_OUTCOMES = {
    RankOutcome.in_cut: "拟认定",
    RankOutcome.not_in_cut: "未进入认定名额",
    RankOutcome.not_ranked: "不参加排名",
}
_OPTIONS = {
    "in_memory": True,
    "constant_memory": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def workbook(ranking: Ranking, pack: RulePack) -> bytes:
    """One sheet a level with components (rounded for reading), total, rank, outcome, and one with the digest.

    Blocking; run it in a thread.
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        head = book.add_format({"bold": True, "border": 1, "bg_color": "#EFEFEF"})
        number = book.add_format({"num_format": "0.00"})
        _about(book.add_worksheet("说明"), ranking, pack, head)
        for level in ranking.levels:
            rows = [row for row in ranking.rows if row.level == level.level]
            _level(
                book.add_worksheet(_sheet_name(pack.level(level.level).name)), pack, level, rows, head, number
            )
    return buffer.getvalue()


def _about(
    sheet: xlsxwriter.worksheet.Worksheet, ranking: Ranking, pack: RulePack, head: xlsxwriter.format.Format
) -> None:
    lines = [
        ("年度认证", pack.name),
        ("排名版本", str(ranking.version)),
        ("名单摘要（SHA-256）", ranking.digest),
        ("状态", "已发布" if ranking.released_at else "未发布"),
    ]
    for one in ranking.levels:
        level = pack.level(one.level)
        base = f"完成申报 {one.filed} 人，比例 {one.ratio}，名额 {one.places} 人"
        lines.append((level.name, f"{base}，排名 {one.ranked} 人，拟认定 {one.in_cut} 人"))
    for row, (label, value) in enumerate(lines):
        sheet.write_string(row, 0, label, head)
        sheet.write_string(row, 1, value)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 70)


def _level(
    sheet: xlsxwriter.worksheet.Worksheet,
    pack: RulePack,
    level: RankedLevel,
    rows: list[RankedRow],
    head: xlsxwriter.format.Format,
    number: xlsxwriter.format.Format,
) -> None:
    weighed = pack.level(level.level)
    parts = weighed.components
    titles = [
        "名次",
        "申报编号",
        *(f"{_COMPONENTS[part]}（{weighed.weights[part]}%）" for part in parts),
        "总分",
        "结果",
    ]
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, head)
    for line, row in enumerate(rows, 1):
        if row.rank is not None:
            sheet.write_number(line, 0, row.rank)
        sheet.write_string(line, 1, row.application_number)
        scores = {stage.value: score for stage, score in row.components.items()}
        for column, part in enumerate(parts, 2):
            if part in scores:
                sheet.write_number(line, column, float(two_places(scores[part])), number)
        if row.total is not None:
            sheet.write_number(line, 2 + len(parts), float(row.total), number)
        outcome = "缺考" if row.absent else _OUTCOMES[row.outcome]
        sheet.write_string(line, 3 + len(parts), outcome)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(titles) - 1, 16)


def _sheet_name(name: str) -> str:
    return "".join(char for char in name if char not in "[]:*?/\\'")[:31] or "级别"
