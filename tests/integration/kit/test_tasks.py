"""Human tasks: one winner, leases that run out, fences that keep the loser out, conflicts of interest."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from kit import tasks
from kit.db import Database
from kit.errors import DomainError, Kind
from tests.conftest import TestDatabase
from tests.sizes import size

ROUND = uuid4()
ALICE, BOB = uuid4(), uuid4()


async def new_task(db: Database, **values: object) -> UUID:
    task_id = uuid4()
    given = {"kind": "qualification", "role": "reviewer", "target_id": uuid4(), "round_id": ROUND, **values}
    async with db.unit_of_work() as session:
        assert await tasks.open(session, id=task_id, **given)  # type: ignore[arg-type]
    return task_id


async def claim(db: Database, task_id: UUID, who: UUID, **values: object) -> tasks.Lease:
    async with db.unit_of_work() as session:
        return await tasks.claim(session, task_id, who, **values)  # type: ignore[arg-type]


async def complete(db: Database, task_id: UUID, who: UUID, fence: int) -> None:
    async with db.unit_of_work() as session:
        await tasks.complete(session, task_id, who, fence)


async def state(db: Database, task_id: UUID) -> tuple[str, UUID | None, int]:
    async with db.read() as session:
        found = await tasks.get(session, task_id)
    return found.state, found.owner, found.fence


def code(caught: pytest.ExceptionInfo[DomainError]) -> tuple[Kind, str]:
    return caught.value.kind, caught.value.code


@pytest.mark.timeout(240)
async def test_500_tasks_claimed_by_two_people_each_have_one_winner(db: Database) -> None:
    ids, refusals = [await new_task(db) for _ in range(500)], list[str]()
    at_once = asyncio.Semaphore(
        24
    )  # fewer than the pool has: on a busy machine nobody waits for a connection

    async def one(task_id: UUID, who: UUID) -> bool:
        try:
            async with at_once:
                return (await claim(db, task_id, who)).fence == 1
        except DomainError as error:
            refusals.append(error.code)
            return False

    both = await asyncio.gather(*(asyncio.gather(one(task_id, ALICE), one(task_id, BOB)) for task_id in ids))
    assert [sum(pair) for pair in both] == [1] * 500
    assert refusals == ["task_taken"] * 500


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.clause("O2")
async def test_thousands_of_contended_claims_have_one_winner_each(db: Database) -> None:
    """Each task is wanted by 20 people at once: one wins, everybody else is told so. In full 10,000 claims."""
    count = size(500, 125)
    ids = [uuid4() for _ in range(count)]
    async with db.unit_of_work() as session:
        for task_id in ids:
            given = {"kind": "qualification", "role": "reviewer", "target_id": uuid4(), "round_id": ROUND}
            await tasks.open(session, id=task_id, **given)  # type: ignore[arg-type]
    people = [uuid4() for _ in range(20)]
    at_once, said = asyncio.Semaphore(24), list[str]()

    async def one(task_id: UUID, who: UUID) -> UUID | None:
        async with at_once:
            try:
                await claim(db, task_id, who)
            except DomainError as error:
                said.append(error.code)
                return None
            return who

    winners = await asyncio.gather(
        *(asyncio.gather(*(one(task_id, who) for who in people)) for task_id in ids)
    )
    assert [sum(who is not None for who in row) for row in winners] == [1] * count
    assert said == ["task_taken"] * 19 * count
    held = [next(who for who in row if who is not None) for row in winners]
    assert [(await state(db, task_id))[1] for task_id in ids] == held


@pytest.mark.clause("O2")
async def test_the_next_task_is_another_for_each_and_the_most_urgent_first(db: Database) -> None:
    late, soon = await new_task(db), await new_task(db, due_at=datetime(2026, 5, 1, tzinfo=UTC))
    first, mine = await new_task(db, priority=2), await new_task(db, priority=9, assigned_to=BOB)
    people = [uuid4() for _ in range(6)]

    async def take(who: UUID) -> UUID | None:
        async with db.unit_of_work() as session:
            lease = await tasks.claim_next(session, who, roles={"reviewer"})
        return lease.task_id if lease is not None else None

    assert [await take(people[0]), await take(people[0])] == [first, soon]
    rest = await asyncio.gather(*(take(who) for who in people))
    assert sorted(one is not None for one in rest) == [False] * 5 + [True]
    assert late in rest
    assert await take(BOB) == mine


async def test_who_works_how_much_and_how_old_the_queue_is(db: Database, database: TestDatabase) -> None:
    done, held = await new_task(db), await new_task(db, due_at=datetime.now(UTC) + timedelta(minutes=1))
    lease = await claim(db, done, ALICE)
    await database.move_clock(timedelta(minutes=6))
    await complete(db, done, ALICE, lease.fence)
    await claim(db, held, ALICE)
    async with db.read() as session:
        (work,) = await tasks.workload(session, round_id=ROUND)
        (age,) = await tasks.ages(session, tz="Asia/Shanghai", round_id=ROUND)
    assert (work.subject, work.held, work.overdue, work.done) == (ALICE, 1, 1, 1)
    assert work.median is not None
    assert timedelta(minutes=6) <= work.median < timedelta(minutes=7)
    assert (age.kind, age.count) == ("qualification", 1)


async def test_opening_again_changes_nothing(db: Database) -> None:
    task_id = await new_task(db, priority=3)
    async with db.unit_of_work() as session:
        again = await tasks.open(
            session, id=task_id, kind="other", role="expert", target_id=uuid4(), round_id=ROUND, priority=9
        )
        found = await tasks.get(session, task_id)
    assert (again, found.kind, found.priority) == (False, "qualification", 3)


async def test_the_holder_claims_again_with_the_same_fence(db: Database, database: TestDatabase) -> None:
    task_id = await new_task(db)
    first = await claim(db, task_id, ALICE)
    await database.move_clock(timedelta(minutes=10))
    second = await claim(db, task_id, ALICE)
    assert second.fence == first.fence == 1
    assert second.expires_at - first.expires_at >= timedelta(minutes=10)


async def test_a_lease_runs_out_and_the_first_owner_is_fenced(db: Database, database: TestDatabase) -> None:
    task_id = await new_task(db)
    first = await claim(db, task_id, ALICE, lease=timedelta(minutes=5))
    with pytest.raises(DomainError) as early:
        await claim(db, task_id, BOB)
    assert code(early) == (Kind.conflict, "task_taken")

    await database.move_clock(timedelta(minutes=6))
    assert await state(db, task_id) == ("open", ALICE, 1)
    with pytest.raises(DomainError) as expired:  # nobody has taken it yet, and still it is no longer hers
        await complete(db, task_id, ALICE, first.fence)
    assert code(expired) == (Kind.conflict, "task_lost")

    second = await claim(db, task_id, BOB)
    assert second.fence == 2
    for who, fence in ((ALICE, first.fence), (ALICE, second.fence), (BOB, first.fence)):
        with pytest.raises(DomainError) as fenced:
            await complete(db, task_id, who, fence)
        assert code(fenced) == (Kind.conflict, "task_lost")
    await complete(db, task_id, BOB, second.fence)
    assert await state(db, task_id) == ("done", BOB, 2)


async def test_renewing_keeps_a_task_beyond_its_first_lease(db: Database, database: TestDatabase) -> None:
    task_id = await new_task(db)
    lease = await claim(db, task_id, ALICE, lease=timedelta(minutes=5))
    await database.move_clock(timedelta(minutes=4))
    async with db.unit_of_work() as session:
        renewed = await tasks.renew(session, task_id, ALICE, lease.fence, timedelta(minutes=5))
    await database.move_clock(timedelta(minutes=8))
    async with db.unit_of_work() as session:
        held = await tasks.holding(session, task_id, ALICE, renewed.fence)
    assert (renewed.fence, held.state, held.owner) == (1, "claimed", ALICE)


async def test_whoever_takes_it_over_after_expiry_by_the_same_person_has_a_new_fence(
    db: Database, database: TestDatabase
) -> None:
    task_id = await new_task(db)
    await claim(db, task_id, ALICE, lease=timedelta(minutes=5))
    await database.move_clock(timedelta(minutes=6))
    assert (await claim(db, task_id, ALICE)).fence == 2


async def test_release_gives_it_back_and_the_old_fence_is_void(db: Database) -> None:
    task_id = await new_task(db)
    lease = await claim(db, task_id, ALICE)
    async with db.unit_of_work() as session:
        await tasks.release(session, task_id, ALICE, lease.fence)
    assert await state(db, task_id) == ("open", None, 1)
    assert (await claim(db, task_id, BOB)).fence == 2
    with pytest.raises(DomainError):
        await complete(db, task_id, ALICE, lease.fence)


@pytest.mark.parametrize(
    ("task", "claimed_by", "refusal"),
    [
        ({"excluded": [ALICE]}, {}, (Kind.forbidden, "task_conflict_of_interest")),
        ({"unit_hash": "u1"}, {"unit_hash": "u1"}, (Kind.forbidden, "task_conflict_of_interest")),
        ({"assigned_to": BOB}, {}, (Kind.forbidden, "task_assigned")),
        ({"role": "expert"}, {"roles": {"reviewer"}}, (Kind.forbidden, "task_wrong_role")),
        ({"unit_hash": "u1"}, {"unit_hash": "u2"}, None),
        ({"unit_hash": None}, {"unit_hash": "u2"}, None),
        ({"assigned_to": ALICE}, {}, None),
        ({"role": "expert"}, {"roles": {"reviewer", "expert"}}, None),
        ({"excluded": [BOB]}, {}, None),
    ],
)
async def test_who_may_take_a_task(
    db: Database, task: dict[str, object], claimed_by: dict[str, object], refusal: tuple[Kind, str] | None
) -> None:
    task_id = await new_task(db, **task)
    try:
        got: tuple[Kind, str] | None = None
        await claim(db, task_id, ALICE, **claimed_by)
    except DomainError as error:
        got = error.kind, error.code
    assert got == refusal
    assert (await state(db, task_id))[0] == ("open" if refusal else "claimed")


async def test_tasks_that_are_absent_or_ended_say_so(db: Database) -> None:
    with pytest.raises(DomainError) as absent:
        await claim(db, uuid4(), ALICE)
    task_id = await new_task(db)
    lease = await claim(db, task_id, ALICE)
    await complete(db, task_id, ALICE, lease.fence)
    with pytest.raises(DomainError) as taken_late:
        await claim(db, task_id, BOB)
    with pytest.raises(DomainError) as twice:
        await complete(db, task_id, ALICE, lease.fence)
    assert [code(absent), code(taken_late), code(twice)] == [
        (Kind.not_found, "task_not_found"),
        (Kind.conflict, "task_ended"),
        (Kind.conflict, "task_ended"),
    ]


async def test_a_refused_decision_reopens_the_task_for_the_same_person(db: Database) -> None:
    task_id = await new_task(db)
    lease = await claim(db, task_id, ALICE)
    await complete(db, task_id, ALICE, lease.fence)
    async with db.unit_of_work() as session:
        by_another = await tasks.reopen(session, task_id, BOB, lease.fence)
        first = await tasks.reopen(session, task_id, ALICE, lease.fence)
        again = await tasks.reopen(session, task_id, ALICE, lease.fence)
    assert (by_another, first, again) == (False, True, False)
    assert await state(db, task_id) == ("claimed", ALICE, 1)
    await complete(db, task_id, ALICE, lease.fence)


async def test_reassigning_takes_it_away_at_once(db: Database) -> None:
    carol = uuid4()
    task_id = await new_task(db, excluded=[carol])
    lease = await claim(db, task_id, ALICE)
    async with db.unit_of_work() as session:
        await tasks.reassign(session, task_id, BOB)
        with pytest.raises(DomainError) as conflict:
            await tasks.reassign(session, task_id, carol)
    assert code(conflict) == (Kind.forbidden, "task_conflict_of_interest")
    with pytest.raises(DomainError) as lost:
        await complete(db, task_id, ALICE, lease.fence)
    with pytest.raises(DomainError) as assigned:
        await claim(db, task_id, ALICE)
    assert [code(lost)[1], code(assigned)[1]] == ["task_lost", "task_assigned"]
    assert (await claim(db, task_id, BOB)).fence == 3
    async with db.unit_of_work() as session:
        await tasks.reassign(session, task_id, None)
    assert (await claim(db, task_id, ALICE)).fence == 5


async def test_release_all_returns_what_a_person_has_and_was_assigned(db: Database) -> None:
    held, assigned, of_bob, done = (
        await new_task(db),
        await new_task(db, assigned_to=ALICE),
        await new_task(db),
        await new_task(db),
    )
    first = await claim(db, held, ALICE)
    await claim(db, of_bob, BOB)
    finished = await claim(db, done, ALICE)
    await complete(db, done, ALICE, finished.fence)
    async with db.unit_of_work() as session:
        assert await tasks.release_all(session, ALICE) == 2
    with pytest.raises(DomainError):
        await complete(db, held, ALICE, first.fence)
    assert (await claim(db, assigned, BOB)).task_id == assigned
    assert [(await state(db, one))[0] for one in (held, of_bob, done)] == ["open", "claimed", "done"]


async def test_cancelling_a_targets_tasks_fences_their_holders(db: Database) -> None:
    target = uuid4()
    mine, other_kind = (
        await new_task(db, target_id=target),
        await new_task(db, target_id=target, kind="sheet"),
    )
    elsewhere = await new_task(db)
    lease = await claim(db, mine, ALICE)
    async with db.unit_of_work() as session:
        assert await tasks.cancel_for(session, target, "qualification") == 1
        assert await tasks.cancel_for(session, target) == 1
        assert [await tasks.cancel(session, mine), await tasks.cancel(session, elsewhere)] == [False, True]
    with pytest.raises(DomainError) as ended:
        await complete(db, mine, ALICE, lease.fence)
    assert code(ended)[1] == "task_ended"
    assert (await state(db, other_kind))[0] == "cancelled"


async def test_pages_cover_the_list_once_in_order_and_know_the_total(db: Database) -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    dues = [noon + timedelta(hours=n % 4) if n % 5 else None for n in range(23)]
    made = [
        (await new_task(db, priority=n % 3, due_at=due_at), n % 3, due_at) for n, due_at in enumerate(dues)
    ]
    expected = sorted(made, key=lambda one: (-one[1], one[2] is None, one[2] or noon, one[0].int))
    seen, sizes, after = [], [], None
    while True:
        async with db.read() as session:
            page = await tasks.listing(session, roles={"reviewer"}, limit=10, after=after)
        seen += [one.id for one in page.items]
        sizes.append((len(page.items), page.total))
        if page.next is None:
            break
        after = page.next
    assert seen == [one[0] for one in expected]
    assert sizes == [(10, 23), (10, 23), (3, 23)]


async def test_lists_for_a_person(db: Database, database: TestDatabase) -> None:
    free, mine, of_bob, excluded, same_unit, expert = (
        await new_task(db),
        await new_task(db),
        await new_task(db),
        await new_task(db, excluded=[ALICE]),
        await new_task(db, unit_hash="u1"),
        await new_task(db, role="expert"),
    )
    await claim(db, mine, ALICE, lease=timedelta(hours=2))
    await claim(db, of_bob, BOB, lease=timedelta(hours=1))

    async def ids(**values: object) -> set[UUID]:
        async with db.read() as session:
            page = await tasks.listing(session, roles={"reviewer"}, **values)  # type: ignore[arg-type]
        assert page.total == len(page.items)
        return {one.id for one in page.items}

    assert await ids(available_to=ALICE, unit_hash="u1") == {free, mine}
    assert await ids(held=ALICE) == {mine}
    assert await ids() == {free, mine, of_bob, excluded, same_unit}
    assert expert not in await ids()
    await database.move_clock(timedelta(minutes=90))  # Bob's lease has run out
    assert await ids(available_to=ALICE, unit_hash="u1") == {free, mine, of_bob}
    assert await ids(held=BOB) == set()


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WzEsbnVsbCwieCJd", "e30", "WyJhIiwgMSwgMl0", "é"])
async def test_a_forged_cursor_is_refused(db: Database, cursor: str) -> None:
    with pytest.raises(DomainError) as caught:
        async with db.read() as session:
            await tasks.listing(session, after=cursor)
    assert code(caught) == (Kind.invalid, "invalid_cursor")


async def test_queues_count_and_know_the_oldest(db: Database, database: TestDatabase) -> None:
    await new_task(db)
    overdue = await new_task(db, due_at=datetime.now(UTC) - timedelta(hours=1))
    await new_task(db, kind="sheet", role="expert", round_id=uuid4())
    async with db.read() as session:
        every = await tasks.queues(session)
        of_round = await tasks.queues(session, round_id=ROUND)
        oldest = (await tasks.get(session, overdue)).created_at
    assert [(one.kind, one.role, one.open, one.overdue) for one in every] == [
        ("qualification", "reviewer", 2, 1),
        ("sheet", "expert", 1, 0),
    ]
    assert [one.kind for one in of_round] == ["qualification"]
    assert of_round[0].oldest < oldest
