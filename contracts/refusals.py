"""Every expected refusal once: stable English code, what a person reads, the clause it rests on."""

from contracts.commands import Refused

_TEXTS: dict[str, tuple[str, str | None]] = {
    "window_not_open": ("本环节尚未开放，请在通知公布的时间内办理。", "A5"),
    "window_closed": ("本环节已于截止时间关闭，逾期提交不再受理；如有特殊情况请联系秘书处。", "A5"),
    "correction_window_closed": ("修改期限已过，按规定逾期不修正视为资格审查不合格。", "Q11"),
    "wrong_stage": ("申报当前所处环节不能办理此项操作，请先查看“我的申报”中的进度。", None),
    "ended": ("该申报已经结束，不能再办理此项操作。", None),
    "already_submitted": ("申报书已经提交。如需修改，请先撤回提交。", "L1"),
    "already_applied": ("每人每年度只能申报一个级别，您已有一份申报。", "L1"),
    "already_answered": ("该事项已经有结果，不能重复办理。", None),
    "already_filed": ("申报已经完成（材料与缴费齐全），不能再撤回或更改级别。", "A6"),
    "not_submitted": ("请先提交申报书，再上传签字盖章的扫描件。", "A4"),
    "wrong_version": ("扫描件对应的不是最新版本的申报书，请重新打印当前版本并签字盖章。", "Q6"),
    "correction_used": ("每位申报者只有一次修改机会，已经使用。", "Q10"),
    "correction_cancelled": ("退回修改的意见经复核已撤销，无需再提交；您的一次修改机会仍然保留。", "Q10"),
    "correction_answered": ("申报人已经提交修改，不能再撤销退回意见；请在复审中处理。", "Q10"),
    "wrong_role": ("只有资格审查人员可以作出资格审查结论。", "O2"),
    "nothing_to_discard": ("申报书尚未填写或已经完成，不能作废。", "L1"),
    "withdraw_too_early": ("申报尚未完成，可以直接撤回提交或作废草稿，无需撤回申报。", "A6"),
    "already_held": ("该申报已被暂缓。", "N3"),
    "not_held": ("该申报没有被暂缓。", "N3"),
    "filed_first": ("申报尚未完成，此项处理只适用于已完成申报的人员。", "A6"),
    "level_not_offered": ("本通知不受理该级别的申报。", "O1"),
    "unknown_round": ("没有找到这一年度的认证。", "R1"),
    "unknown_application": ("没有找到这份申报。", None),
    "ranking_changed": ("排名已经变化，请核对最新名单后再确认。", "T3"),
    "unknown_target": ("规则包没有列出这个公示平台，请核对名称。", "N1"),
    "identity_needed": ("请先完成实名认证（姓名和证件号码），再申报。", "A1"),
    "route_not_offered": ("该级别没有破格直接认证这一途径。", "E5"),
    "stale": ("申报书在您提交前又有修改，请刷新页面核对最新内容后再提交。", "A1"),
    "form_incomplete": ("申报书还有必填内容没有填写，请补充后再提交。", "Q1"),
    "form_unprintable": ("申报书中有无法打印的内容，请修改后再提交。", "A3"),
    "file_not_usable": ("所选文件不存在、尚未通过检查，或者不是本申报的扫描件，请重新上传。", "Q6"),
    "scan_other_form": (
        "扫描件中有不属于这份申报的页，请取出后只上传本申报书的扫描件。",
        "A4",
    ),
    "scan_old_version": ("扫描件中有旧版本的页，请打印当前版本，签字盖章后重新扫描。", "A4"),
    "scan_page_missing": ("扫描件缺页，请补齐后再交回；可以把缺的页单独扫描，和原来的文件一起交回。", "A4"),
    "scan_not_recognised": (
        "没有认出系统生成的申报书：可能传错了文件，或者图像太模糊。请用 A4 原尺寸打印、不遮挡右上角的码，重新扫描。",
        "A4",
    ),
    "scan_needed": ("本次修改需要重新打印、签字并盖章，请上传新的扫描件后再提交。", "Q10"),
    "outside_correction": ("本次修改改动了退回意见以外的内容，请只修改退回意见中列出的内容。", "Q10"),
    "unknown_bar": ("没有找到这份不得申报的决定。", "E9"),
    "bar_not_drafted": ("这份不得申报的决定已经生效或已经撤销，不能再次生效。", "E9"),
    "bar_not_in_force": ("这份不得申报的决定没有生效，无须撤销。", "E9"),
    "ranking_frozen": ("本年度的排名已经生成，不能再更正试题答案。", "X4"),
    "unknown_correction": ("没有找到这份答案更正，或者内容对不上，请重新登记。", "X4"),
    "filed_outside": (
        "本年度在通知指定的外部系统申报，请到该系统办理；结果由秘书处导入后可在这里查看。",
        "S1",
    ),
    "set_aside": (
        "这项操作因系统问题没有办成，已由秘书处撤下，没有生效；还在办理时间内的，请重新办理，否则请联系秘书处。",
        None,
    ),
    "unknown_ruling": ("没有找到这份证书处理意见，请刷新页面后再提议。", "C4"),
    "ruling_closed": ("这份证书处理意见已经生效或已经放弃，不能再办理；仍要处理的，请重新登记。", "C4"),
    "holder_not_heard": (
        "持证人尚未说明，且说明期限未到，不能撤销证书。请等待说明，或在期限过后再提议。",
        "C4",
    ),
    "certificate_revoked": ("这份证书已经撤销，不能再撤销或换发。", "C4"),
    "complaint_only": ("因投诉查实撤销证书，由监督委员会提出，秘书处不能提出。", "N3"),
    "not_reissuable": (
        "这份证书颁发时没有留下制作所需的内容，系统不能自动换发，请联系系统管理员。",
        "C4",
    ),
    "held_by_complaint": ("该申报因投诉正在办理而暂缓，投诉办结时处理；请在投诉办理中作出决定。", "N3"),
    "complaint_ended": ("这件投诉已经办结，不能再办理此项操作。", "N3"),
    "not_examined": ("请先决定是否受理这件投诉。", "N3"),
    "hearing_open": ("正在等待被投诉人说明，说明收到或期限过后才能办理。", "N3"),
    "no_hearing": ("目前没有正在进行的听取说明。", "N3"),
    "not_heard": ("被投诉人还没有被告知并听取说明，不能认定投诉属实。", "N3"),
    "nobody_to_hear": ("这件投诉没有关联到某份申报；请在调查记录中写明怎样听取了有关人员的说明。", "N3"),
    "nothing_to_disqualify": ("只有认定属实或部分属实、并关联到某份申报的投诉，才能取消认证资格。", "N3"),
    "already_extended": ("办理期限只能延长一次，已经延长过。", "N3"),
    "limit_passed": ("办理期限已过，不能再延长；请尽快作出决定。", "N3"),
    "complaint_starting": ("这件投诉刚刚收到，还在登记；请过一会儿再办理。", "N3"),
    "unknown_complaint": ("没有找到这件投诉。", "N3"),
    "unknown_entry": ("没有找到这一步所依据的文字，请重新填写后提交。", "N3"),
    "document_needed": ("请附上决定文件（PDF、JPG 或 PNG）。", "N3"),
    "not_ready": ("上一环节尚未全部完成，暂不能办理。", None),
}


def message_of(code: str) -> str:
    """What a refusal of this code says; of an unknown one, only that it was one."""
    return _TEXTS.get(code, ("未被受理。", None))[0]


def refused(code: str, *, message: str | None = None, clause: str | None = None) -> Refused:
    """The refusal of this code; `message` and `clause` may be more exact than the table."""
    text, rests_on = _TEXTS[code]
    return Refused(code=code, message=message or text, clause=clause or rests_on)
