"""A small demo from an empty folder to certificates: everything real, all through the public API."""

import re
from pathlib import Path

import pypdfium2
import pytest

from tests.demos import APPLICANTS, DemoRun

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_every_number_adds_up_to_the_applicants(demo_run: DemoRun) -> None:
    outcomes = demo_run.report["by_outcome"]
    assert set(outcomes) == {"junior", "intermediate"}
    assert demo_run.report["applicants"] == APPLICANTS
    assert sum(n for level in outcomes.values() for n in level.values()) == APPLICANTS
    certified = sum(level["certified"] for level in outcomes.values())
    assert len(demo_run.report["certificates"]) == certified
    assert all(level["certified"] > 0 for level in outcomes.values())


def test_the_mix_reaches_many_exits(demo_run: DemoRun) -> None:
    reached = {
        outcome
        for level in demo_run.report["by_outcome"].values()
        for outcome, people in level.items()
        if people
    }
    assert reached >= {"certified", "not_certified", "not_qualified", "lapsed"}


@pytest.mark.clause("C1", "C3")
def test_certificates_open_and_show_chinese_text(demo_run: DemoRun) -> None:
    numbers = [one["number"] for one in demo_run.report["certificates"]]
    assert len(set(numbers)) == len(numbers)
    for one in demo_run.report["certificates"]:
        document = pypdfium2.PdfDocument(Path(one["file"]))
        text = document[0].get_textpage().get_text_bounded()
        document.close()
        assert one["number"] in text
        assert "青少年科技辅导员" in text
        assert "不具有证明效力" in text  # a demo key is no 电子印章 (C2)


def test_the_list_has_a_digest_and_the_table_says_where_things_are(demo_run: DemoRun) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", demo_run.report["digest"])
    assert demo_run.report["digest"] in demo_run.output
    for words in ("通过认证", "合计", "Temporal", "certificates"):
        assert words in demo_run.output
