"""Where a transfer belongs: what is certain, what is only proposed, what is nobody's."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payment.domain import ledger
from services.payment.domain.ledger import Account, Holding
from services.payment.domain.matching import Candidate, Line, match
from tests.integration.payment.world import shanghai


def one(number: str, name: str, unit: str, due: int = 10000, *, ended: bool = False) -> Candidate:
    return Candidate(application_id=uuid4(), number=number, name=name, unit=unit, due_fen=due, ended=ended)


PEOPLE = [
    one("2024-J-00001", "王小明", "重庆市巴蜀小学校"),
    one("2024-J-00002", "王小", "重庆市巴蜀小学校"),
    one("2024-J-00003", "李雷", "重庆市南开中学校"),
    one("2024-J-00004", "李雷", "重庆市育才中学校"),
    one("2024-J-00005", "韩梅", "重庆市第八中学校"),
    one("2024-J-00006", "韩梅", "重庆市第八中学校"),
    one("2024-J-00007", "赵已缴", "重庆市第一中学校", 0),
    one("2024-J-00008", "钱来迟", "重庆市第二中学校", ended=True),
]


@pytest.mark.clause("F3", "F6")
@pytest.mark.parametrize(
    ("amount", "payer", "memo", "code", "certain"),
    [
        (10000, "", "２０２４－Ｊ－００００１　王小明", "number", "王小明"),
        (10000, "", "2024 j 00001", "number", "王小明"),
        (10000, "", "巴蜀小学校 王小明 评审费", "name_unit", "王小明"),
        (10000, "重庆市巴蜀小学校", "王小", "name_unit", "王小"),
        (9000, "", "2024-J-00001王小明", "partial", "王小明"),
        (30000, "", "2024-J-00001王小明", "over", "王小明"),
        (10000, "", "2024-J-00007 赵已缴", "duplicate", "赵已缴"),
        (10000, "", "2024-J-00008 钱来迟", "late", None),
        (9000, "", "巴蜀小学校王小明", "amount", None),
        (10000, "李雷", "评审费", "same_name", None),
        (10000, "", "南开中学校李雷", "name_unit", "李雷"),
        (10000, "", "重庆市第八中学校韩梅", "same_name_same_unit", None),
        (10000, "", "2024-J-00001 李雷", "conflict", None),
        (10000, "王小明", "评审费", "name_only", None),
        (10000, "重庆市南开中学校", "李蕾", "typo", None),
        (20000, "重庆市巴蜀小学校", "认证费", "many", None),
        (5000, "重庆市巴蜀小学校", "认证费", "unit_only", None),
        (10000, "某某超市", "货款", "unknown", None),
        (10000, "", "", "unknown", None),
        (10000, "", "退汇 2024-J-00001", "returned", None),
    ],
)
def test_a_line_has_one_outcome(amount: int, payer: str, memo: str, code: str, certain: str | None) -> None:
    found = match(Line(amount_fen=amount, payer=payer, memo=memo), PEOPLE)
    names = {person.application_id: person.name for person in PEOPLE}
    assert found.code == code
    assert [names[share.application_id] for share in found.certain] == ([certain] if certain else [])
    assert found.reason


def test_namesakes_of_one_unit_are_never_told_apart_by_a_guess() -> None:
    found = match(Line(amount_fen=10000, payer="", memo="第八中学校 韩梅"), PEOPLE)
    assert {share.application_id for one_ in found.proposals for share in one_.shares} == {
        PEOPLE[4].application_id,
        PEOPLE[5].application_id,
    }


holding = st.builds(
    lambda n, suspense, allocated, reserved: Holding(
        receipt_id=UUID(int=n + 1),
        effective_at=shanghai("2025-02-20T00:00:00"),
        suspense_fen=suspense,
        allocated_fen=allocated,
        reserved_fen=min(reserved, suspense),
    ),
    st.integers(0, 50),
    st.integers(0, 40000),
    st.integers(0, 40000),
    st.integers(0, 40000),
)


@pytest.mark.clause("F6")
@given(st.lists(holding, max_size=8, unique_by=lambda item: item.receipt_id), st.integers(0, 60000))
def test_a_fee_takes_what_it_needs_and_not_a_fen_more(holdings: list[Holding], fee: int) -> None:
    application = uuid4()
    postings = ledger.settle_fee(holdings, application, fee)
    assert ledger.balanced(postings)
    moved = sum(item.amount_fen for item in postings if item.account is Account.allocated)
    before = sum(item.allocated_fen for item in holdings)
    free = sum(item.free_fen for item in holdings)
    assert before + moved == max(min(fee, before + free), 0) if before <= fee else before + moved == fee
    for item in holdings:
        own = [p for p in postings if p.receipt_id == item.receipt_id]
        suspense = item.suspense_fen + sum(p.amount_fen for p in own if p.account is Account.suspense)
        allocated = item.allocated_fen + sum(p.amount_fen for p in own if p.account is Account.allocated)
        assert suspense >= item.reserved_fen
        assert allocated >= 0


def test_a_fee_is_covered_from_when_its_last_part_counts() -> None:
    first, second = shanghai("2025-02-20T00:00:00"), shanghai("2025-02-25T00:00:00")
    assert ledger.covered_at([(second, 6000), (first, 4000)], 10000) == second
    assert ledger.covered_at([(second, 6000), (first, 10000)], 10000) == first
    assert ledger.covered_at([(first, 4000)], 10000) is None
