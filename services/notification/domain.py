"""Which event is told to the applicant, in which words, and when a deadline is called to mind again; no I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from string import Template
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from contracts.events import Event, EventType
from contracts.http.notification import MessageKind
from kit.crypto import encrypt_field
from kit.settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
LAST_MORNING = time(8, 0)
"""When the last reminder goes out on the day before a deadline's end (Q11)."""

SIGN = "【辅导】"
TEMPLATES: dict[str, Template] = {
    MessageKind.login_code: Template("【辅导】登录验证码 $code，$minutes 分钟内有效。请勿告诉他人。"),
    MessageKind.help_code: Template(
        "【辅导】协助办理验证码 $code，$minutes 分钟内有效。把它告诉秘书处工作人员，"
        "表示您同意由其在 30 分钟内协助您填报；每一步都会记录，您可随时登录结束。不同意请勿告知。"
    ),
    MessageKind.recovery_code: Template(
        "【辅导】账号找回验证码 $code，$minutes 分钟内有效。您正在申请把账号换到本手机号；非本人操作请忽略。"
    ),
    MessageKind.recovery_done_old: Template(
        "【辅导】您的账号已经核实身份，登录手机号改为 $phone，本号码不能再登录该账号。非本人申请请立即联系秘书处。"
    ),
    MessageKind.recovery_done_new: Template(
        "【辅导】账号找回申请已办结，现在可以用本手机号登录，原来的申报都在。"
    ),
    MessageKind.recovery_rejected: Template(
        "【辅导】账号找回申请未通过：$reason。可以补充材料后重新申请，或携带证件联系秘书处。"
    ),
    MessageKind.complaint_received: Template(
        "【辅导】监督委员会已收到您的投诉，编号 $number，查询码 $code，将于 $deadline 前作出决定。请保存，勿告诉他人。"
    ),
    MessageKind.complaint_question: Template(
        "【辅导】监督委员会就投诉 $number 有问题请您补充，请凭编号和查询码在“投诉进度”页面回答。"
    ),
    MessageKind.complaint_extended: Template(
        "【辅导】投诉 $number 需要进一步调查，办理期限延长至 $deadline。"
    ),
    MessageKind.complaint_ended: Template(
        "【辅导】投诉 $number 已办结，答复请凭编号和查询码在“投诉进度”页面查看。"
    ),
    MessageKind.complaint_hearing: Template(
        "【辅导】监督委员会有事项请您说明，请于 $deadline 前登录“我的申报”查看并说明；"
        "逾期未说明的，将根据已有材料决定。"
    ),
    MessageKind.complaint_hearing_last: Template(
        "【辅导】提醒：监督委员会请您说明的事项将于 $deadline 截止，请登录“我的申报”作出说明。"
    ),
    MessageKind.complaint_decided: Template(
        "【辅导】您说明过的事项，监督委员会已作出决定，请登录“我的申报”查看。"
    ),
    "started": Template("【辅导】申报号 $number 已分配。请在截止前提交申报书、上传签字盖章的扫描件并缴费。"),
    "filed": Template("【辅导】申报 $number 已完成，进入资格审查。"),
    "correction": Template(
        "【辅导】申报 $number 的材料需要修改，仅有一次机会，请于 $deadline 前登录修改并提交；逾期视为资格审查不合格。"
    ),
    "correction_last_day": Template(
        "【辅导】提醒：申报 $number 的修改将于 $deadline 截止，逾期视为资格审查不合格。"
    ),
    "correction_revised": Template(
        "【辅导】申报 $number 的部分退回意见经复核已撤销，其余请于 $deadline 前登录修改并提交。"
    ),
    "correction_cancelled": Template(
        "【辅导】申报 $number 的退回意见经复核已撤销，您无需修改，一次修改机会仍然保留，材料继续审查。"
    ),
    "hearing": Template("【辅导】申报 $number 的材料需要核实，请于 $deadline 前登录查看并作出说明。"),
    "exam": Template("【辅导】申报 $number 资格审查合格，请留意笔试时间通知并按时参加。"),
    "defence": Template("【辅导】申报 $number 进入答辩环节，请留意答辩时间通知。"),
    "defence_slot": Template(
        "【辅导】申报 $number 的答辩安排在 $starts，地点或会议链接请登录查看，请提前 10 分钟到场。"
    ),
    "defence_postponed": Template("【辅导】申报 $number 的答辩改期，新的时间另行通知，请留意。"),
    "notice": Template("【辅导】申报 $number 已进入公示名单。"),
    "certified": Template("【辅导】申报 $number 已通过认证，电子证书可登录下载打印。"),
    "certificate_hearing": Template(
        "【辅导】您的证书（申报 $number）拟被撤销，请于 $deadline 前登录查看理由并作出说明。"
    ),
    "certificate_revoked": Template("【辅导】您的证书（申报 $number）已撤销，理由和申诉办法请登录查看。"),
    "certificate_reissued": Template(
        "【辅导】您的证书（申报 $number）已换发，请登录下载新证书，旧证书不再使用。"
    ),
    "ended": Template("【辅导】申报 $number 已结束，原因请登录查看。"),
}

_TOLD: dict[EventType, str] = {
    EventType.application_started: "started",
    EventType.qualification_opened: "filed",
    EventType.correction_opened: "correction",
    EventType.hearing_opened: "hearing",
    EventType.exam_enrolled: "exam",
    EventType.defence_opened: "defence",
    EventType.defence_scheduled: "defence_slot",
    EventType.defence_postponed: "defence_postponed",
    EventType.notice_listed: "notice",
    EventType.certificate_issued: "certified",
    EventType.application_ended: "ended",
    EventType.certificate_hearing_opened: "certificate_hearing",
    EventType.certificate_revoked: "certificate_revoked",
    EventType.certificate_reissued: "certificate_reissued",
}


@dataclass(frozen=True, kw_only=True)
class Telling:
    """A message to write: template and its values."""

    template: str
    values: dict[str, str]


def telling(event: Event) -> Telling | None:
    """What the applicant is told of an event; None: nothing. The second look is not told again as filed."""
    template = _TOLD.get(event.type)
    if template is None or (
        event.type is EventType.qualification_opened
        and event.transition is not None
        and event.transition.status == "under_second_review"
    ):
        return None
    if event.type is EventType.qualification_opened and event.data.get("attempt", 1) > 1:
        template = "correction_cancelled"
    if event.type is EventType.correction_opened and event.data.get("revised"):
        template = "correction_revised"
    values = {"number": str(event.data.get("application_number", ""))}
    if event.transition is not None and event.transition.closes_at is not None:
        values["deadline"] = in_words(event.transition.closes_at)
    if template in ("hearing", "certificate_hearing"):
        values["deadline"] = in_words(datetime.fromisoformat(str(event.data["answer_by"])))
    if template == "defence_slot":
        values["starts"] = in_words(datetime.fromisoformat(str(event.data["starts_at"])))
    if template.startswith("correction") and template != "correction_cancelled" and "deadline" not in values:
        return None
    return Telling(template=template, values=values)


def in_words(moment: datetime) -> str:
    """A deadline as people say it: an end at 00:00 is the 24:00 of the day before."""
    local = moment.astimezone(SHANGHAI)
    if local.time() == time(0, 0):
        day = local - timedelta(days=1)
        return f"{day.month}月{day.day}日24:00"
    return f"{local.month}月{local.day}日{local:%H:%M}"


def last_morning(closes_at: datetime) -> datetime:
    """08:00 (Chongqing) of the last day that a deadline leaves (Q11)."""
    last_moment = closes_at.astimezone(SHANGHAI) - timedelta(microseconds=1)
    return datetime.combine(last_moment.date(), LAST_MORNING, SHANGHAI)


def render(template: str, values: Mapping[str, str]) -> str:
    """The text. KeyError when a value is missing: a mistake of ours."""
    return TEMPLATES[template].substitute(values)


def in_order(template: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The values as carriers take them: in the order in which the template names them."""
    return tuple(values[name] for name in TEMPLATES[template].get_identifiers())


def for_approval(template: str) -> str:
    """The text as a carrier approves it: {1}, {2} …, without the name in front, which the carrier adds."""
    names = TEMPLATES[template].get_identifiers()
    places = {name: f"{{{n}}}" for n, name in enumerate(names, 1)}
    return TEMPLATES[template].substitute(places).removeprefix(SIGN)


def seal(settings: Settings, message_id: UUID, text: str, values: Mapping[str, str]) -> dict[str, bytes]:
    """Text and values as the table keeps them."""
    bind = str(message_id)
    return {
        "text_sealed": encrypt_field(settings, text, bind=bind),
        "values_sealed": encrypt_field(settings, json.dumps(dict(values), ensure_ascii=False), bind=bind),
    }


def again_id(message_id: UUID) -> UUID:
    """The ID of a message that is sent in place of one that did not arrive: once, however often it is asked for."""
    return uuid5(message_id, "again")


def pause(attempts: int) -> timedelta:
    """How long until a message that was not taken is tried again: 5 s, doubling, at most five minutes."""
    return timedelta(seconds=min(5 * 2 ** min(attempts, 10), 300))
