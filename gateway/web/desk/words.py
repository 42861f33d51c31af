"""Chinese words of the desk; the catalogues translate them."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.http.desk import DeskNoticeKind
from contracts.http.panels import DefenceForm, DefenceState
from contracts.http.review import RegisteredRole, Step, TaskKind
from contracts.http.sheets import SheetState
from contracts.prepared import QualificationOutcome

KIND: Mapping[TaskKind, str] = {
    TaskKind.qualification: "资格审查",
    TaskKind.question: "同事提问",
    TaskKind.sample: "抽查",
    TaskKind.outside_decision: "上级认定",
    TaskKind.portfolio_sheet: "业绩评分",
    TaskKind.defence_sheet: "答辩评分",
}
SHEET: Mapping[SheetState, str] = {
    SheetState.not_begun: "未开始",
    SheetState.draft: "草稿",
    SheetState.handed_in: "已提交",
}
REGISTERED: Mapping[RegisteredRole, str] = {
    RegisteredRole.expert: "评审专家",
    RegisteredRole.reviewer: "资格审查员",
}
DEFENCE: Mapping[DefenceState, str] = {
    DefenceState.unscheduled: "时间未定",
    DefenceState.scheduled: "已安排",
    DefenceState.short: "评委不足，改期",
    DefenceState.marking: "评分中",
    DefenceState.complete: "已完成",
    DefenceState.absent: "缺席",
}
FORM: Mapping[DefenceForm, str] = {DefenceForm.on_site: "现场", DefenceForm.online: "线上"}
ASSESSED: Mapping[str, str] = {"portfolio": "业绩成果", "defence": "答辩"}
STEP: Mapping[Step, str] = {Step.form: "形式审查", Step.content: "内容审查"}
OUTCOME: Mapping[QualificationOutcome, str] = {
    QualificationOutcome.passed: "合格",
    QualificationOutcome.correction: "退回修改",
    QualificationOutcome.not_qualified: "不合格",
}
NOTICE: Mapping[DeskNoticeKind, str] = {
    DeskNoticeKind.reminder: "快到时限，请尽快办理",
    DeskNoticeKind.overdue: "已超过时限，请处理",
    DeskNoticeKind.sample_disagrees: "抽查的人不同意原结论，请核实",
    DeskNoticeKind.question_answered: "同事已答复您的提问",
    DeskNoticeKind.hearing_opened: "材料真实性需要核实",
}
LIKE: Mapping[str, str] = {
    "flag": "标注为问题",
    "answered": "认为不是问题",
    "accepted_rule": "未达到而接受",
    "question": "同事答复",
}
