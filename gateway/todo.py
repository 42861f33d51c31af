"""What an applicant can do now, in plain words, with clause and deadline; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from contracts.commands import CommandName
from contracts.http.exam import ExamStatus
from contracts.http.gateway import ToDo
from contracts.http.panels import DefenceForm
from contracts.http.payment import OrderState
from contracts.http.registration import FormState
from contracts.lifecycle import Route, Stage, Status
from gateway.facts import Facts

_SCORED = frozenset({Status.certified, Status.not_certified, Status.disqualified})
"""Ends that can only come after the ranking was released, if the route is ranked at all."""
_ZONE = ZoneInfo("Asia/Shanghai")
_OPEN_AFTER_FILING = frozenset(Stage) - {Stage.filing, Stage.ended}


def steps(facts: Facts, stage: Stage, status: Status, closes_at: datetime | None) -> tuple[ToDo, ...]:
    """What is required first, then what may be done."""
    found = [
        *_explanations(facts),
        *_required(facts, stage, status, closes_at),
        *_optional(facts, stage, status),
    ]
    return tuple(sorted(found, key=lambda one: not one.required))


def _explanations(facts: Facts) -> Iterator[ToDo]:
    """What the supervisory committee asks to be explained, while it waits; its decision, afterwards (N3)."""
    told = facts.complaints.complaints if facts.complaints is not None else ()
    page = f"/my/applications/{facts.application.id}/complaints"
    waiting = [one for one in told if one.outcome is None and one.statement is None]
    if waiting:
        yield ToDo(
            code="explain",
            title="向监督委员会作出说明",
            text="监督委员会收到反映，需要听取您的说明；其他环节照常进行，作出决定前可能暂缓发证。",
            href=page,
            clause="N3",
            deadline=min(one.answer_by for one in waiting if one.answer_by is not None),
        )
    elif told:
        yield ToDo(
            code="see_complaints",
            title="查看监督委员会告知的事项",
            text="这里是告知您的内容、您的说明和处理决定。",
            href=page,
            clause="N3",
            required=False,
        )


def _required(facts: Facts, stage: Stage, status: Status, closes_at: datetime | None) -> Iterator[ToDo]:
    page = f"/my/applications/{facts.application.id}"
    match stage:
        case Stage.filing:
            yield from _filing(facts, status, closes_at, page)
        case Stage.correction:
            yield ToDo(
                code="correct",
                title="按审查意见修改材料",
                text="只有被指出的内容可以修改，机会只有一次；没有问题的，可以说明理由。改完后重新提交。",
                command=CommandName.resubmit,
                href=f"{page}/decision",
                clause="Q10",
                deadline=closes_at,
            )
        case Stage.exam:
            yield from _exam(facts, page)
        case Stage.defence:
            yield _defence(facts)
        case Stage.ended if status is Status.certified:
            yield ToDo(
                code="download_certificate",
                title="我的证书",
                text="下载带照片、有数字签名的 PDF 自行打印；也可以下载电子凭证，把核验链接发给需要查证的人。",
                href=f"{page}/certificate",
                clause="C3",
                required=False,
            )
        case Stage.ended if status is Status.not_qualified:
            yield ToDo(
                code="see_decision",
                title="查看审查意见",
                text="这里写明发现了什么、依据哪一条；逾期没有提交修改的，也在这里说明。",
                href=f"{page}/decision",
                clause="Q11",
                required=False,
            )
        case _:
            return


def _filing(facts: Facts, status: Status, closes_at: datetime | None, page: str) -> Iterator[ToDo]:
    registration = facts.registration
    if status is Status.draft and registration is not None and registration.state is FormState.discarded:
        yield ToDo(
            code="choose_level",
            title="重新选择级别",
            text="草稿已经作废。截止之前可以重新选择级别申报；不再申报则无需办理。",
            href=f"/my/apply/{facts.application.round_id}",
            clause="L1",
            deadline=closes_at,
        )
    elif status is Status.draft:
        yield ToDo(
            code="fill_and_submit",
            title="填写并提交申报书",
            text="填写基本情况、申报条件和业绩成果，上传材料；可先做预检，看看还缺什么，再提交。",
            command=CommandName.submit,
            href=f"{page}/form",
            clause="A1",
            deadline=closes_at,
        )
    elif (
        registration is None
        or registration.scan is None
        or (registration.scan.form_version != registration.form_version)
    ):
        yield ToDo(
            code="return_scan",
            title="打印、签字盖章，上传扫描件",
            text="下载系统生成的申报书，每页本人签名、单位盖章后扫描上传；黑白扫描、手机拍照都可以。",
            command=CommandName.attach_scan,
            href=f"{page}/scan",
            clause="A4",
            deadline=closes_at,
        )
    if status is not Status.draft and not _is_paid(facts):
        yield ToDo(
            code="pay",
            title="缴纳评审费",
            text="在线支付即时到账；单位转账请备注单位、姓名和申报编号。材料和缴费都齐全，申报才算完成。",
            href=f"{page}/pay",
            clause="A6",
            deadline=closes_at,
        )


def _exam(facts: Facts, page: str) -> Iterator[ToDo]:
    exam = facts.exam
    if exam is None or exam.status in (ExamStatus.waiting, ExamStatus.cancelled):
        yield ToDo(
            code="await_exam",
            title="等待笔试",
            text="笔试时间以通知为准，开考后这里会出现入口；可以先看考试说明。",
            href=f"{page}/exam",
            clause="X3",
            required=False,
        )
    elif exam.status is ExamStatus.excuse_pending:
        yield ToDo(
            code="await_excuse",
            title="请假等待审批",
            text="批准后会安排下一场；没有批准的，按缺考处理。",
            href=f"{page}/exam",
            clause="X3",
            required=False,
        )
    elif exam.status in (ExamStatus.ready, ExamStatus.started):
        going_on = exam.status is ExamStatus.started
        yield ToDo(
            code="sit_exam",
            title="继续答题" if going_on else "参加在线笔试",
            text="请在规定时间内完成；答案自动保存，断线后可以在任何设备上继续。",
            href=f"{page}/exam",
            clause="X2",
            deadline=exam.closes_at,
        )


def _defence(facts: Facts) -> ToDo:
    """Time, form and place, as the office has set them (D1)."""
    one = facts.defence
    if one is None or one.starts_at is None:
        later = one is not None and one.postponed
        return ToDo(
            code="await_defence",
            title="答辩改期，等待新的时间" if later else "等待答辩安排",
            text="时间和地点安排好后会发短信通知，并显示在这里。",
            clause="D1",
            required=False,
        )
    start, end = one.starts_at.astimezone(_ZONE), (one.ends_at or one.starts_at).astimezone(_ZONE)
    online = one.form is DefenceForm.online
    return ToDo(
        code="attend_defence",
        title="参加答辩",
        text="请提前 10 分钟到场或进入会议，带好身份证件；不能按时参加的，请尽早联系秘书处。",
        clause="D1",
        facts=(
            ("时间", f"{start:%Y-%m-%d %H:%M}–{end:%H:%M}"),
            ("形式", "线上" if online else "现场"),
            ("会议链接" if online else "地点", one.place),
        ),
    )


def _optional(facts: Facts, stage: Stage, status: Status) -> Iterator[ToDo]:
    if stage is Stage.filing and status is Status.draft:
        if facts.registration is not None and facts.registration.state is FormState.discarded:
            return
        yield ToDo(
            code="discard",
            title="作废草稿",
            text="作废后内容清空，可以重新选择级别申报。",
            command=CommandName.discard,
            clause="L1",
            required=False,
        )
    elif stage is Stage.filing and status is Status.submitted:
        yield ToDo(
            code="take_back",
            title="撤回提交，继续修改",
            text="申报完成（材料和缴费齐全）之前可以撤回修改，级别也可以改；已缴的费用保留。",
            command=CommandName.take_back,
            clause="L1",
            required=False,
        )
    if _is_ranked(facts, stage, status):
        yield ToDo(
            code="see_scores",
            title="查看成绩",
            text="各环节得分、所占比例、总成绩、名次和认定结果都在这里。",
            href=f"/my/applications/{facts.application.id}/scores",
            clause="T1",
            required=False,
        )
    if stage in _OPEN_AFTER_FILING:
        yield ToDo(
            code="withdraw",
            title="撤回申报",
            text="撤回后本年度不能再申报，是否退费以通知为准。",
            command=CommandName.withdraw,
            required=False,
        )


def _is_ranked(facts: Facts, stage: Stage, status: Status) -> bool:
    """The ranking was released, so that there are scores to see (T3)."""
    told = facts.registration or facts.known
    if told is None or told.route is not Route.regular:
        return False
    return stage in (Stage.notice, Stage.certificate) or (stage is Stage.ended and status in _SCORED)


def _is_paid(facts: Facts) -> bool:
    return facts.order is not None and facts.order.state is OrderState.paid
