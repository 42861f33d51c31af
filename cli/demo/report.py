"""What came out of a demo: the table for people, the JSON for programs. Numbers that do not add up are an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.table import Table
from rich.text import Text

from cli.demo.board import DemoFailed
from contracts.http.gateway import KnownCase
from contracts.lifecycle import Status
from contracts.rulepack import RulePack

NAMES: Mapping[Status, str] = {
    Status.certified: "通过认证",
    Status.not_certified: "未通过认证",
    Status.not_qualified: "资格审查不合格",
    Status.lapsed: "未完成申报",
    Status.discarded: "作废",
    Status.withdrawn: "本人撤回",
    Status.disqualified: "取消认证资格",
    Status.excluded: "移出排名",
}


class Certificate(BaseModel):
    """A certificate and where its PDF lies."""

    model_config = ConfigDict(frozen=True)

    number: str
    file: str


class Result(BaseModel):
    """The report file. `by_outcome`: {level: {outcome: how many}}."""

    model_config = ConfigDict(frozen=True)

    applicants: int
    by_outcome: dict[str, dict[str, int]]
    digest: str
    certificates: list[Certificate]
    sheet: str
    """Digest of the published sheet that holds every applicant's history."""
    seconds: float


def tally(cases: Iterable[KnownCase], levels: Sequence[str], applicants: int) -> dict[str, dict[str, int]]:
    """How many ended how, by level. DemoFailed when they are not exactly the applicants."""
    counts = Counter((one.level, one.status.value) for one in cases)
    found = {
        level: {status.value: counts.pop((level, status.value), 0) for status in NAMES} for level in levels
    }
    total = sum(sum(one.values()) for one in found.values())
    if counts or total != applicants:
        raise DemoFailed(f"各去向合计 {total} 人，申报者 {applicants} 人；无法归类：{dict(counts)}")
    return {
        level: {status: count for status, count in ends.items() if count} for level, ends in found.items()
    }


def check(result: Result) -> None:
    """Certificates and people, too, must add up. DemoFailed otherwise."""
    certified = sum(ends.get(Status.certified.value, 0) for ends in result.by_outcome.values())
    numbers = {one.number for one in result.certificates}
    if len(numbers) != certified or len(result.certificates) != certified:
        raise DemoFailed(
            f"通过认证 {certified} 人，领到证书 {len(result.certificates)} 份（编号 {len(numbers)} 个）"
        )
    missing = [
        one.number for one in result.certificates if not Path(one.file).read_bytes().startswith(b"%PDF")
    ]
    if missing:
        raise DemoFailed(f"不是 PDF 的证书：{'、'.join(missing)}")


def table(result: Result, pack: RulePack) -> Table:
    """One row an end, one column a level, and the sums."""
    made = Table(title=f"{result.applicants} 位申报者的去向", title_justify="left")
    made.add_column("去向")
    for level in pack.levels:
        made.add_column(level.name, justify="right")
    made.add_column("合计", justify="right")
    columns = [result.by_outcome.get(level.id, {}) for level in pack.levels]
    for status, name in NAMES.items():
        row = [one.get(status.value, 0) for one in columns]
        if any(row):
            made.add_row(name, *(str(count) for count in row), str(sum(row)))
    sums = [sum(one.values()) for one in columns]
    made.add_section()
    made.add_row(Text("合计", style="bold"), *(str(one) for one in sums), Text(str(sum(sums)), style="bold"))
    return made
