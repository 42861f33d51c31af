"""Plain Chinese for stages, statuses, who must act, commands and events: the words that people read."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.commands import CommandName, Role
from contracts.complaints import ComplaintOutcome, ComplaintStage
from contracts.http.bars import BarState
from contracts.http.certificates import RulingKind, RulingReason, RulingState, Standing
from contracts.http.complaints import ComplaintChannel, ComplaintState, ComplaintSubject, EntryKind
from contracts.http.district import MissingStep
from contracts.lifecycle import ActionRequiredBy, RoundStage, Stage, Status

STAGE: Mapping[Stage, str] = {
    Stage.filing: "填报·缴费",
    Stage.qualification: "资格审查",
    Stage.correction: "退回修改",
    Stage.outside_decision: "上级认定",
    Stage.exam: "笔试",
    Stage.portfolio: "业绩成果评审",
    Stage.defence: "答辩",
    Stage.totals: "总成绩",
    Stage.notice: "公示",
    Stage.certificate: "颁证",
    Stage.ended: "已结束",
}
STATUS: Mapping[Status, str] = {
    Status.draft: "草稿",
    Status.submitted: "已提交，待交扫描件或缴费",
    Status.under_review: "审查中",
    Status.awaiting_correction: "等待修改",
    Status.under_second_review: "复审中",
    Status.awaiting_outside_decision: "等待上级认定",
    Status.awaiting_exam: "等待笔试",
    Status.under_evaluation: "评审中",
    Status.awaiting_defence: "等待答辩",
    Status.awaiting_ranking: "等待排名",
    Status.absent: "缺考",
    Status.awaiting_notice: "等待公示结束",
    Status.held: "暂缓",
    Status.awaiting_certificate: "等待颁证",
    Status.lapsed: "未完成申报",
    Status.discarded: "已作废",
    Status.withdrawn: "本人撤回",
    Status.not_qualified: "资格审查不合格",
    Status.not_certified: "未通过认证",
    Status.disqualified: "取消认证资格",
    Status.excluded: "移出排名",
    Status.certified: "通过认证",
}
ACTION_BY: Mapping[ActionRequiredBy, str] = {
    ActionRequiredBy.applicant: "申报者本人",
    ActionRequiredBy.secretariat: "秘书处",
    ActionRequiredBy.reviewer: "资格审查员",
    ActionRequiredBy.expert: "专家",
    ActionRequiredBy.supervisor: "监督委员会",
    ActionRequiredBy.outside: "上级协会",
    ActionRequiredBy.nobody: "无需办理",
}
ROUND_STAGE: Mapping[RoundStage, str] = {
    RoundStage.filing: "申报中",
    RoundStage.assessment: "审查与评审",
    RoundStage.ranked: "排名待发布",
    RoundStage.released: "排名已发布",
    RoundStage.notice: "公示中",
    RoundStage.final_list: "公布认证名单",
    RoundStage.issuing: "颁发证书",
    RoundStage.closed: "已结束",
}
COMMAND: Mapping[CommandName, str] = {
    CommandName.apply: "开始申报",
    CommandName.submit: "提交申报书",
    CommandName.attach_scan: "提交签字盖章的扫描件",
    CommandName.take_back: "撤回提交",
    CommandName.discard: "作废草稿",
    CommandName.confirm_payment: "确认缴费",
    CommandName.withdraw: "撤回申报",
    CommandName.decide_qualification: "作出资格审查结论",
    CommandName.resubmit: "提交修改",
    CommandName.record_outside_decision: "录入上级认定结果",
    CommandName.complete_exam: "完成笔试",
    CommandName.complete_portfolio: "完成业绩成果评审",
    CommandName.complete_defence: "完成答辩",
    CommandName.record_rank: "记录排名",
    CommandName.close_notice: "公示结束",
    CommandName.hold: "暂缓发证",
    CommandName.unhold: "解除暂缓",
    CommandName.disqualify: "取消认证资格",
    CommandName.cancel_flags: "撤销退回意见",
    CommandName.exclude: "移出排名",
    CommandName.issue: "颁发证书",
    CommandName.open_round: "开启年度认证",
    CommandName.release_ranking: "发布排名",
    CommandName.publish_final_list: "公布认证名单",
    CommandName.confirm_posted: "确认公示已发布",
    CommandName.correct_key: "更正试题答案",
    CommandName.key_corrected: "试题答案已更正",
    CommandName.bar_person: "使不得申报的决定生效",
    CommandName.lift_bar: "撤销不得申报的决定",
    CommandName.file_outside: "导入外部系统的申报",
    CommandName.revoke_certificate: "撤销证书",
    CommandName.reissue_certificate: "换发证书",
    CommandName.open_complaint: "登记投诉",
    CommandName.accept_complaint: "受理投诉",
    CommandName.refuse_complaint: "不予受理投诉",
    CommandName.hear_accused: "请被投诉人说明",
    CommandName.close_hearing: "结束听取说明",
    CommandName.extend_complaint: "延长投诉办理期限",
    CommandName.decide_complaint: "对投诉作出决定",
}
ROLE: Mapping[Role, str] = {
    Role.applicant: "申报者",
    Role.secretariat: "秘书处",
    Role.reviewer: "资格审查员",
    Role.expert: "专家",
    Role.panel_chair: "答辩组长",
    Role.supervisor: "监督委员会",
    Role.district: "区县协会",
    Role.approver: "审批人",
    Role.operator: "系统管理员",
    Role.system: "系统",
}
ROLE_MAY: Mapping[Role, str] = {
    Role.secretariat: "办理日常工作；不评分，不看投诉",
    Role.reviewer: "审查资格材料",
    Role.expert: "评审分配给自己的业绩材料",
    Role.panel_chair: "主持答辩并评分",
    Role.supervisor: "受理投诉，查看任何申报，不办理业务",
    Role.district: "查看本区县的申报进度",
    Role.approver: "对须两人办理的事项作第二人",
    Role.operator: "建立账号、开启年度认证、查看运行情况",
}
"""What a role is for, in one line."""
FIELD: Mapping[str, str] = {
    "digest": "名单摘要",
    "document_number": "文号",
    "document_key": "文件",
    "accepted": "是否认定",
    "decision_key": "审查意见",
    "flags": "撤销第几条（从 0 数）",
    "hearing_id": "核实记录",
    "until": "不得申报至",
    "reason": "事由",
    "level": "级别",
    "item_id": "题目编号",
    "changed": "改变成绩的人数",
    "target": "公示位置",
    "url": "网址",
    "proof_key": "凭证",
}
"""Fields of two-person commands, as an approver reads them."""
REASON: Mapping[str, str] = {
    "false_material": "材料虚假",
    "mistaken_flag": "意见标注有误",
    "system_fault": "系统故障，无法完成环节",
    "files_lost": "材料损毁，无法评审",
    "unreachable": "联系不上，环节无法进行",
    "left_certification": "本人书面放弃，未在系统撤回",
    "complaint_upheld": "投诉查实",
}
"""Reasons of two-person commands; others are shown as they were written."""
BAR: Mapping[BarState, str] = {
    BarState.drafted: "已登记，未生效",
    BarState.in_force: "生效中",
    BarState.lifted: "已撤销",
}
"""States of a decision that somebody may not apply (E9)."""
RULING: Mapping[RulingKind, str] = {RulingKind.revoke: "撤销证书", RulingKind.reissue: "换发证书"}
RULING_REASON: Mapping[RulingReason, str] = {
    RulingReason.complaint_upheld: "投诉经查属实",
    RulingReason.false_material: "申报材料虚假",
    RulingReason.issued_by_mistake: "颁发有误",
    RulingReason.holder_request: "持证人申请注销",
    RulingReason.name_changed: "持证人姓名变更",
    RulingReason.misprint: "证书内容有误",
    RulingReason.photo: "照片缺失或有误",
}
RULING_STATE: Mapping[RulingState, str] = {
    RulingState.drafted: "已登记，未生效",
    RulingState.effective: "已生效",
    RulingState.dropped: "已放弃",
}
STANDING: Mapping[Standing, str] = {
    Standing.valid: "有效",
    Standing.replaced: "已换发",
    Standing.revoked: "已撤销",
}
"""What is ruled on a certificate after its issue (C4), and what a document of ours is worth."""
MISSING: Mapping[MissingStep, str] = {
    MissingStep.submit: "填写并提交申报书",
    MissingStep.scan: "交回签字盖章的扫描件",
    MissingStep.fee: "缴纳评审费",
    MissingStep.correction: "按退回意见修改材料",
    MissingStep.exam: "参加笔试",
    MissingStep.defence: "参加答辩",
    MissingStep.waiting: "无需本人办理",
    MissingStep.lapsed: "逾期，未完成申报",
    MissingStep.ended: "已结束",
}
"""What is still missing of an application, as its district reads it (O7)."""
RECOVERY: Mapping[str, str] = {
    "open": "待核对",
    "proposed": "已提议，待批准",
    "approved": "已换号",
    "rejected": "已驳回",
    "expired": "已过期",
}
"""States of an account recovery (A1)."""
AUDIT: Mapping[str, str] = {
    "recovery_viewed": "查看账号找回申请",
    "recovery_proposed": "提议账号换号",
    "recovery_approved": "批准账号换号",
    "recovery_rejected": "驳回账号找回",
    "id_number_unmasked": "查看完整证件号码",
    "import_checked": "核对外部系统表格",
    "import_confirmed": "确认导入外部系统表格",
    "export_made": "导出外部系统表格",
    "help_started": "开始柜台协助（本人验证码同意）",
    "help_ended": "结束柜台协助",
    "helped": "协助办理",
    "paper_made": "起草公文",
    "staff_created": "建立工作人员账号",
    "roles_changed": "更改工作人员角色",
    "staff_disabled": "停用工作人员账号",
    "staff_enabled": "恢复工作人员账号",
    "join_link_made": "发出设置密码的链接",
    "password_set": "设置密码",
    "factor_set": "设置两步验证",
    "factor_removed": "停用两步验证",
    "recovery_code_used": "用恢复码登录",
    "recovery_codes_made": "重新生成恢复码",
    "command_retried": "重新办理被搁置的操作",
    "command_set_aside": "撤下被搁置的操作",
    "announcement_posted": "登记通知",
    "announcement_corrected": "更正通知",
}
"""What staff did outside the command log."""
MESSAGE: Mapping[str, str] = {
    "started": "申报号已分配",
    "filed": "申报完成",
    "correction": "退回修改",
    "correction_last_day": "修改最后一天",
    "correction_revised": "退回意见部分撤销",
    "correction_cancelled": "退回意见撤销",
    "hearing": "听取说明",
    "exam": "笔试通知",
    "defence": "答辩通知",
    "notice": "进入公示",
    "certified": "通过认证",
    "ended": "申报结束",
    "login_code": "登录验证码",
    "help_code": "协助办理验证码",
    "recovery_code": "账号找回验证码",
    "recovery_done_old": "账号找回办结（原手机号）",
    "recovery_done_new": "账号找回办结（新手机号）",
    "recovery_rejected": "账号找回未通过",
}
"""What a message is about."""
MESSAGE_STATE: Mapping[str, str] = {
    "waiting": "等待手机号",
    "queued": "正在发送",
    "sent": "已交运营商",
    "delivered": "已送达",
    "failed": "未送达",
}
HANDLED: Mapping[str, str] = {"resent": "已重发", "told": "已电话告知"}
_UNDELIVERED: tuple[tuple[str, str], ...] = (
    ("gave_up", "一天之内运营商都没有接收"),
    ("expired", "发出之前已过有效期"),
    ("nobody_to_reach", "没有可用的手机号"),
    ("no_template", "这类短信还没有审核通过的模板"),
    ("FailedOperation.PhoneNumberInBlacklist", "对方拒收短信或在黑名单中"),
    ("InvalidParameterValue.IncorrectPhoneNumber", "手机号格式不对"),
    ("FailedOperation.InsufficientBalance", "短信余额不足，请联系系统管理员充值"),
    ("FailedOperation", "运营商拒绝发送，请联系系统管理员"),
    ("InvalidParameter", "运营商不接受短信内容，请联系系统管理员"),
    ("AuthFailure", "短信账号设置有误，请联系系统管理员"),
    ("UnauthorizedOperation", "短信账号设置有误，请联系系统管理员"),
)


def why_undelivered(reason: str | None) -> str:
    """The beginning of a carrier's code in words; what the carrier tells of the way to the phone: did not arrive."""
    return next(
        (words for code, words in _UNDELIVERED if (reason or "").startswith(code)),
        "手机没有收到（关机、停机、空号或拦截）",
    )


VERDICT: Mapping[str, str] = {
    "new": "将导入",
    "same": "一致",
    "differs": "有差异（不覆盖）",
    "error": "有错误（不导入）",
}
"""What a row of an outside system's workbook would do (S1)."""
COMPLAINT_STAGE: Mapping[ComplaintStage, str] = {
    ComplaintStage.received: "已收到，待决定是否受理",
    ComplaintStage.accepted: "已受理，调查中",
    ComplaintStage.hearing: "正在听取被投诉人说明",
    ComplaintStage.heard: "已听取说明，待作出决定",
    ComplaintStage.ended: "已办结",
}
COMPLAINT_OUTCOME: Mapping[ComplaintOutcome, str] = {
    ComplaintOutcome.not_accepted: "不予受理",
    ComplaintOutcome.not_upheld: "不属实",
    ComplaintOutcome.partly_upheld: "部分属实",
    ComplaintOutcome.upheld: "属实",
}
COMPLAINT_SUBJECT: Mapping[ComplaintSubject, str] = {
    ComplaintSubject.listed: "公示名单中的人",
    ComplaintSubject.applicant: "其他申报者",
    ComplaintSubject.staff: "工作人员、审查员、专家或评委",
    ComplaintSubject.process: "认证的办法、过程或其他事项",
}
COMPLAINT_CHANNEL: Mapping[ComplaintChannel, str] = {
    ComplaintChannel.web: "网上",
    ComplaintChannel.phone: "电话（秘书处转交）",
    ComplaintChannel.letter: "来信（秘书处转交）",
}
COMPLAINT_STATE: Mapping[ComplaintState, str] = {
    ComplaintState.open: "办理中",
    ComplaintState.overdue: "已超期",
    ComplaintState.soon: "临近期限",
    ComplaintState.ended: "已办结",
    ComplaintState.all: "全部",
}
COMPLAINT_ENTRY: Mapping[EntryKind, str] = {
    EntryKind.note: "调查记录",
    EntryKind.reason: "不予受理的理由",
    EntryKind.summary: "告知被投诉人的内容",
    EntryKind.statement: "被投诉人的说明",
    EntryKind.question: "向投诉人提问",
    EntryKind.reply: "投诉人补充",
    EntryKind.extension: "延长期限的理由",
    EntryKind.decision: "处理决定",
    EntryKind.answer: "对投诉人的答复",
}
"""Complaints (N3, O4), as the committee, complainants and persons complained of read of them."""
