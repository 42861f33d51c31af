"""What a timeline entry says to people; codes stay English, texts are Chinese."""

from typing import Any

from contracts.events import EventType
from contracts.lifecycle import Route, Status

TEXTS: dict[EventType, tuple[str, str | None]] = {
    EventType.application_started: ("开始申报，已分配申报号", "A1"),
    EventType.form_submitted: ("申报书已提交并锁定，等待打印、签字、盖章、回传和缴费", "A3"),
    EventType.form_taken_back: ("申报书已撤回，可以继续修改", "L1"),
    EventType.draft_discarded: ("草稿已作废，可以重新选择级别", "L1"),
    EventType.scan_received: ("已收到签字盖章的申报书扫描件", "A4"),
    EventType.payment_received: ("已收到评审费", "F1"),
    EventType.qualification_opened: ("申报完成，进入资格审查", "A6"),
    EventType.qualification_decided: ("资格审查已有结果", "Q12"),
    EventType.correction_opened: ("申报材料需要修改，仅有一次修改机会", "Q10"),
    EventType.correction_submitted: ("修改已提交，等待复核", "Q10"),
    EventType.hearing_opened: ("材料的真实性需要核实，请在期限内说明", "E9"),
    EventType.hearing_closed: ("材料核实已有结论，没有认定问题", "E9"),
    EventType.outside_decision_awaited: ("破格申请已报上级协会认定", "E5"),
    EventType.exam_enrolled: ("资格审查合格，等待笔试", "X3"),
    EventType.exam_graded: ("笔试已完成", "X2"),
    EventType.portfolio_opened: ("进入业绩成果评审", "P2"),
    EventType.portfolio_completed: ("业绩成果评审已完成", "P2"),
    EventType.defence_opened: ("等待答辩", "D1"),
    EventType.defence_scheduled: ("答辩时间已安排，请查看时间和地点并按时参加", "D1"),
    EventType.defence_postponed: ("答辩改期，新的时间另行通知", "D1"),
    EventType.defence_completed: ("答辩已完成", "D1"),
    EventType.components_received: ("各环节已完成，等待汇总排名", "T1"),
    EventType.notice_listed: ("进入公示名单", "N1"),
    EventType.hold_changed: ("监督委员会的处理有更新", "N3"),
    EventType.certificate_awaited: ("公示无异议，等待公布名单和颁发证书", "C1"),
    EventType.certificate_issued: ("电子证书已颁发，可以自行下载打印", "C3"),
    EventType.application_ended: ("申报已结束", None),
    EventType.certificate_hearing_opened: ("拟撤销证书，请在期限内说明", "C4"),
    EventType.certificate_revoked: ("证书已撤销", "C4"),
    EventType.certificate_reissued: ("证书已换发，请下载新证书", "C4"),
}
"""Event type → text and the clause it rests on; types without a text do not concern the applicant."""

ENDS: dict[str, tuple[str, str | None]] = {
    "lapsed": ("申报截止时材料或缴费不齐，未完成申报", "A6"),
    "discarded": ("草稿已作废，申报结束", "L1"),
    "withdrawn": ("本人撤回申报", "A9"),
    "not_qualified": ("资格审查不合格", "Q11"),
    "not_certified": ("未进入认定名额", "T2"),
    "disqualified": ("取消认证资格", "N3"),
    "excluded": ("移出排名", "T2"),
    "certified": ("通过认证", "C1"),
}


def say(type_: EventType, status: str | None, data: dict[str, Any]) -> tuple[str, str | None] | None:
    """Text and clause of an entry; None for what does not concern the applicant."""
    if status == Status.not_qualified and data.get("route") == Route.direct:
        return ("上级协会没有认定，破格申请未通过", "E5")
    if status == Status.under_second_review:
        return ("修改已收到，进入复审", "Q10")
    if type_ is EventType.qualification_opened and data.get("attempt", 1) > 1:
        return ("退回修改的意见经复核撤销，修改机会保留，继续审查", "Q10")
    if type_ is EventType.correction_opened and data.get("revised"):
        return ("部分退回意见经复核撤销，其余仍需修改", "Q10")
    return ENDS.get(status or "") or TEXTS.get(type_)
