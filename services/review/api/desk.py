"""HTTP of the desk beside decisions: next, reassign, questions, precedents, second looks, the applicant's answers,
hearings, figures."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from contracts.commands import Role
from contracts.http import desk as http
from contracts.http import review
from kit.http import problems
from services.review.api.guards import CurrentActor, Reviews, one_of, own, own_or_reader

router = APIRouter()
Ref = Annotated[str | None, Query(max_length=64)]
_STAFF = (
    Role.secretariat,
    Role.reviewer,
    Role.expert,
    Role.panel_chair,
    Role.supervisor,
)


@router.post("/tasks/next", responses=problems(403, 404))
async def take_next(given: http.TakeNext, actor: CurrentActor, reviews: Reviews) -> review.Lease:
    """Claims the most urgent task that I may take."""
    return await reviews.office.take_next(actor, given.kind)


@router.get("/tasks/{task_id}/pictures/{picture}", responses=problems(403, 404, 409))
async def read_picture(task_id: UUID, picture: str, actor: CurrentActor, reviews: Reviews) -> review.FileLink:
    """A short-lived link to a picture of a page."""
    return await reviews.workdesk.picture(actor, task_id, picture)


@router.get("/tasks/{task_id}/precedents", responses=problems(403, 404, 409))
async def read_precedents(
    task_id: UUID,
    actor: CurrentActor,
    reviews: Reviews,
    check_id: Ref = None,
    rule_id: Ref = None,
    item_id: Ref = None,
) -> http.Precedents:
    """How this was judged before: the interpretation log (I1) and like cases."""
    return await reviews.colleagues.precedents(actor, task_id, check_id, rule_id, item_id)


@router.post("/tasks/{task_id}/questions", status_code=201, responses=problems(403, 404, 409, 422))
async def ask(task_id: UUID, given: http.Ask, actor: CurrentActor, reviews: Reviews) -> review.QuestionView:
    """Ask a colleague about one check item."""
    one_of(actor, Role.reviewer)
    return await reviews.colleagues.ask(actor, task_id, given)


@router.post("/questions/{task_id}/withdraw", status_code=204, responses=problems(403, 404, 409))
async def withdraw_question(task_id: UUID, actor: CurrentActor, reviews: Reviews) -> None:
    """The answer is not needed any more."""
    one_of(actor, Role.reviewer)
    await reviews.colleagues.withdraw(actor, task_id)


@router.post("/tasks/{task_id}/answer", responses=problems(403, 404, 409, 422))
async def answer(
    task_id: UUID, given: http.AnswerQuestion, actor: CurrentActor, reviews: Reviews
) -> review.QuestionView:
    """Answer a colleague's question."""
    one_of(actor, Role.reviewer)
    return await reviews.colleagues.answer(actor, task_id, given)


@router.post("/tasks/{task_id}/second-look", status_code=204, responses=problems(403, 404, 409, 422))
async def second_look(task_id: UUID, given: http.SecondLook, actor: CurrentActor, reviews: Reviews) -> None:
    """Say whether a decision that was drawn is right."""
    one_of(actor, Role.reviewer)
    await reviews.colleagues.second_look(actor, task_id, given)


# The office -------------------------------------------------------------------------------------------------------


@router.get("/desk/tasks", responses=problems(403, 422))
async def all_tasks(
    actor: CurrentActor,
    reviews: Reviews,
    kind: review.TaskKind | None = None,
    owner: UUID | None = None,
    overdue: bool = False,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int | None, Query(ge=1, le=200)] = None,
) -> review.TaskPage:
    """Everybody's unfinished tasks, with who has them (O2)."""
    one_of(actor, *http.STAFF_WITH_FIGURES)
    return await reviews.office.all_tasks(
        actor, kind=kind, owner=owner, overdue=overdue, cursor=cursor, limit=limit or 50
    )


@router.post("/desk/reassign", responses=problems(403, 409, 422))
async def reassign(given: http.Reassign, actor: CurrentActor, reviews: Reviews) -> http.Reassigned:
    """Give tasks to another, or back to the queue; who had them cannot write any more."""
    one_of(actor, Role.secretariat)
    return await reviews.office.reassign(actor, given)


@router.get("/desk/overview", responses=problems(403, 422))
async def overview(actor: CurrentActor, reviews: Reviews, round_id: UUID | None = None) -> http.Overview:
    """Queues with their ages, work of each person, outcomes, codes, second looks."""
    one_of(actor, *http.STAFF_WITH_FIGURES)
    return await reviews.office.overview(round_id)


@router.get("/desk/log", responses=problems(403, 422))
async def read_log(
    actor: CurrentActor,
    reviews: Reviews,
    task_id: UUID | None = None,
    application_id: UUID | None = None,
) -> http.DeskLog:
    """Who moved what, and why."""
    one_of(actor, *http.STAFF_WITH_FIGURES)
    return await reviews.office.log(task_id, application_id)


@router.get("/desk/notices", responses=problems(403))
async def notices(actor: CurrentActor, reviews: Reviews) -> http.DeskNotices:
    """Reminders, escalations and whatever else I should look at."""
    return await reviews.office.notices(actor)


@router.post("/desk/notices/{note_id}/seen", status_code=204, responses=problems(403, 404))
async def seen(note_id: UUID, actor: CurrentActor, reviews: Reviews) -> None:
    """I have seen it."""
    await reviews.office.seen(actor, note_id)


# Applications -----------------------------------------------------------------------------------------------------


@router.get("/applications/{application_id}/decisions", responses=problems(404))
async def read_decisions(application_id: UUID, actor: CurrentActor, reviews: Reviews) -> http.DecisionHistory:
    """All decisions on a case, the newest first."""
    own_or_reader(actor, application_id)
    return await reviews.qualifications.history(application_id)


@router.get("/applications/{application_id}/correction", responses=problems(404))
async def read_answers(application_id: UUID, actor: CurrentActor, reviews: Reviews) -> http.AnswersSaved:
    """What I have said to each flag so far."""
    own(actor, application_id)
    return await reviews.corrections.answers(application_id)


@router.put("/applications/{application_id}/correction", responses=problems(404, 409, 422))
async def save_answers(
    application_id: UUID, given: http.SaveAnswers, actor: CurrentActor, reviews: Reviews
) -> http.AnswersSaved:
    """Autosave of my answers; the key goes into `resubmit` (Q10)."""
    own(actor, application_id)
    return await reviews.corrections.save(application_id, given)


@router.post("/applications/{application_id}/hearings", status_code=201, responses=problems(403, 404, 409))
async def open_hearing(
    application_id: UUID, given: http.OpenHearing, actor: CurrentActor, reviews: Reviews
) -> http.Hearing:
    """Something looks false (E9): the applicant is heard."""
    one_of(actor, *_STAFF)
    return await reviews.hearings.open(actor, application_id, given)


@router.get("/applications/{application_id}/hearings", responses=problems(404))
async def read_hearings(application_id: UUID, actor: CurrentActor, reviews: Reviews) -> http.Hearings:
    """Hearings of a case."""
    own_or_reader(actor, application_id)
    return await reviews.hearings.all(application_id)


@router.put("/applications/{application_id}/hearing/statement", responses=problems(404, 422))
async def state(
    application_id: UUID, given: http.Statement, actor: CurrentActor, reviews: Reviews
) -> http.Hearing:
    """My own words."""
    own(actor, application_id)
    return await reviews.hearings.state(application_id, given)


@router.post("/hearings/{hearing_id}/dismiss", responses=problems(403, 404, 409))
async def dismiss(
    hearing_id: UUID, given: http.DismissHearing, actor: CurrentActor, reviews: Reviews
) -> http.Hearing:
    """Nothing is wrong."""
    one_of(actor, Role.secretariat, Role.supervisor)
    return await reviews.hearings.dismiss(actor, hearing_id, given)


@router.post("/internal/accounts/{account_id}/release", include_in_schema=False)
async def release(account_id: UUID, actor: CurrentActor, reviews: Reviews) -> http.Released:
    """The account was disabled."""
    one_of(actor, Role.system)
    return await reviews.office.release_account(account_id)
