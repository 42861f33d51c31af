"""`fudao rulepack check|explain` as a person and as a script meet them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.rulepack import app
from tests.unit.rules.cases import DEMO, PACKS, REAL, snapshot

RUNNER = CliRunner()


def run(*arguments: str | Path) -> Result:
    return RUNNER.invoke(app, [str(one) for one in arguments])


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """The case file that passes for junior."""
    file = tmp_path / "case.json"
    file.write_text(snapshot("junior").model_dump_json())
    return file


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A copy of the packs where one fee is no number."""
    shutil.copytree(PACKS, tmp_path / "rulepacks")
    main = tmp_path / "rulepacks" / REAL / "rulepack.yaml"
    main.write_text(main.read_text().replace("fee: 10000", "fee: 一百元"))
    return tmp_path / "rulepacks"


@pytest.mark.parametrize("pack", [REAL, DEMO])
def test_check_of_a_sound_pack(pack: str) -> None:
    result = run("check", PACKS / pack)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1].startswith("0 个错误，")


@pytest.mark.clause("R1")
def test_check_warns_of_dates_that_cannot_be_kept_and_fails_for_opening() -> None:
    warned, failed = run("check", PACKS / REAL), run("check", PACKS / REAL, "--for", "open")
    line = next(one for one in warned.stdout.splitlines() if "critical_path.exam.latest" in one)
    assert "提示" in line
    assert "2025-03-10（3月上旬）保不住（R1）" in line
    assert (warned.exit_code, failed.exit_code) == (0, 1)
    assert line.replace("提示", "错误", 1) in failed.stdout


@pytest.mark.parametrize("moment", ["open", "marks", "ranking", "notice"])
def test_check_for_a_moment(moment: str) -> None:
    assert run("check", PACKS / REAL, "--for", moment).exit_code == 1


def test_check_for_an_unknown_moment_is_a_wrong_argument() -> None:
    assert run("check", PACKS / REAL, "--for", "someday").exit_code == 2


def test_check_names_file_line_and_field(broken: Path) -> None:
    result = run("check", broken / DEMO)
    main = broken / REAL / "rulepack.yaml"
    line = main.read_text().splitlines().index("    fee: 一百元") + 1
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{main}:{line}: 错误：levels.junior.fee：应是整数",
        "1 个错误，0 个提示",
    ]


def test_check_of_the_folder_one_stands_in(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(broken / DEMO)
    assert run("check", ".").stdout.startswith(f"../{REAL}/rulepack.yaml:")


def test_check_as_json(broken: Path) -> None:
    found = json.loads(run("check", broken / REAL, "--json").stdout)
    assert [(one["file"], one["field"], one["severity"]) for one in found] == [
        (f"{REAL}/rulepack.yaml", "levels.junior.fee", "error")
    ]


def test_check_of_no_pack(tmp_path: Path) -> None:
    result = run("check", tmp_path)
    assert result.exit_code == 1
    assert "找不到 rulepack.yaml" in result.stdout


@pytest.mark.clause("Q14")
def test_explain_as_json(case: Path) -> None:
    result = run("explain", PACKS / DEMO, "--level", "junior", "--case", case, "--json")
    explanation: dict[str, Any] = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert (explanation["level"], explanation["verdict"]) == ("junior", "pass")
    assert [(rule["clause"], rule["verdict"]) for rule in explanation["rules"]] == [
        ("E1", "declared"),
        ("E2", "pass"),
        ("E3", "pass"),
        ("E4", "pass"),
        ("E9", "declared"),
    ]


def test_explain_says_what_counted_and_what_did_not(case: Path) -> None:
    data = json.loads(case.read_text())
    data["trainings"][1]["certificate"] = False
    case.write_text(json.dumps(data))
    result = run("explain", PACKS / REAL, "--level", "初级", "--case", case)
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert lines[1] == "结论：不符合"
    at = lines.index("✗ E3 培训不少于 30 学时，其中科协系统不少于 15 学时")
    assert lines[at + 1 : at + 7] == [
        "不符合：合计 16 学时（须 30），其中科协系统 16 学时（须 15）",
        "计算到 2025-02-28 为止",
        "合计 16 学时，须 30 学时，还差 14 学时",
        "其中科协系统 16 学时，须 15 学时",
        "计入：“科技辅导员培训”（t-16-2024-07）",
        "不计入：“科技辅导员培训”（t-16-2023-05），因为没有培训合格证书",
    ]
    at = lines.index("逐项材料")
    assert lines[at + 3 : at + 7] == [
        "“科技辅导员培训”（t-16-2024-07）",
        "计入 E3 培训不少于 30 学时，其中科协系统不少于 15 学时",
        "“科技辅导员培训”（t-16-2023-05）",
        "不计入 E3 培训不少于 30 学时，其中科协系统不少于 15 学时：没有培训合格证书",
    ]
    assert lines[-1] == "“青少年科技创新大赛”（c-c1）：供专家评审，不用来判断报名条件"


def test_the_level_on_the_command_line_counts(case: Path) -> None:
    result = run("explain", PACKS / REAL, "--level", "intermediate", "--case", case, "--json")
    assert json.loads(result.stdout)["verdict"] == "fail"


@pytest.mark.clause("O1")
def test_explain_names_who_handles_senior(case: Path) -> None:
    result = run("explain", PACKS / REAL, "--level", "高级", "--case", case)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "中国青少年科技教育工作者协会负责组织实施" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "不是 JSON"),
        ('{"work": [{"id": "a", "start": "last year"}]}', "work.0.start"),
        ('{"trainings": [{"id": "a"}]}', "trainings.0.title：缺少这个字段"),
        ('{"declaration": []}', "declaration：不认识的字段"),
        ("[]", "case.json"),
    ],
)
def test_a_bad_case_file_is_explained_too(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "case.json"
    file.write_text(text)
    result = run("explain", PACKS / REAL, "--level", "junior", "--case", file, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr


def test_no_case_file(tmp_path: Path) -> None:
    result = run("explain", PACKS / REAL, "--level", "junior", "--case", tmp_path / "none.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "读不了文件" in result.stderr


def test_explain_with_a_broken_pack(broken: Path, case: Path) -> None:
    result = run("explain", broken / REAL, "--level", "junior", "--case", case)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "levels.junior.fee" in result.stderr


@pytest.mark.clause("E5")
def test_a_route_that_a_level_does_not_have(case: Path) -> None:
    data = json.loads(case.read_text())
    case.write_text(json.dumps({**data, "route": "direct"}))
    result = run("explain", PACKS / REAL, "--level", "intermediate", "--case", case)
    assert (result.exit_code, result.stderr) == (1, "中级没有破格直接认证\n")
