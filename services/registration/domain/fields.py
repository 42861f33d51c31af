"""One typed value against its field of the pack: the stored text of it, or why it cannot be taken, in plain words."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from contracts.case import PreciseDate, Precision
from contracts.rulepack import FormField
from rules.texts import compact, tidy
from services.registration.domain.shape import Shape

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$")
_PHONE = re.compile(r"^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,6})?)$", re.ASCII)
_PRECISIONS: dict[Precision, str] = {
    "day": "年月日（如 2024-05-01）",
    "month": "年月（如 2024-05）",
    "year": "年份（如 2024）",
    "period": "起止时间（如 2023-09/2024-01）",
    "school_year": "学年（如 2023-2024学年）",
    "issue": "期次（如 2024年第3期）",
}
_NO_DATE = "这个日期不存在，请核对。"
_MOST = Decimal(10) ** 9


class BadValue(ValueError):
    """A value that cannot be taken; `message` says why, in Chinese, without repeating it; `part`: of an item."""

    def __init__(self, message: str, part: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.part = part


@dataclass(frozen=True, kw_only=True)
class Files:
    """Clean files of the application that may be named: photos, and everything else but scans."""

    photos: frozenset[str] = frozenset()
    proofs: frozenset[str] = frozenset()


def check_field(shape: Shape, definition: FormField, value: Any, files: Files) -> str | None:
    """The stored text of a field, None when it was emptied. BadValue."""
    if value is None or value in ("", [], {}):
        return None
    if definition.type == "photo":
        if value not in files.photos:
            raise BadValue("照片尚未上传或没有通过检查，请重新上传。")
        return str(value)
    if definition.type == "files":
        ids = value.split(",") if isinstance(value, str) else value
        return ",".join(file_ids(ids, files, definition.max_files)) or None
    if definition.type == "bool":
        if not isinstance(value, bool) and value not in ("true", "false"):
            raise BadValue("应为是或否。")
        return str(value).lower()
    if definition.type == "interval" and isinstance(value, dict):
        value = f"{value.get('start') or ''}/{value.get('end') or ''}"
    if definition.type == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise BadValue("应为文字。")
    return _text(shape, definition, value) or None


def _text(shape: Shape, definition: FormField, value: str) -> str:
    kind = definition.type
    text = clean(value, lines=kind == "long_text")
    if len(text) > definition.max_chars:
        raise BadValue(f"最多 {definition.max_chars} 个字，现在是 {len(text)} 个字。")
    if not text:
        return ""
    if kind == "choice":
        return _choice(shape, definition, text)
    if kind == "number":
        return _number_of(definition, text)
    if kind == "date":
        return _date_of(definition, text)
    if kind == "interval":
        return _interval_of(definition, text)
    if kind in ("phone", "email"):
        text = compact(text)
    if kind == "phone" and not _PHONE.match(text):
        raise BadValue("电话应为 11 位手机号码，或带区号的固定电话（如 023-63651234）。")
    if kind == "email" and not _EMAIL.match(text):
        raise BadValue("电子邮箱的格式不对，应像 name@example.com。")
    if definition.pattern and not re.fullmatch(definition.pattern, text):
        raise BadValue(definition.pattern_message or "格式不正确，请核对。")
    return text


def clean(text: str, *, lines: bool = False) -> str:
    """Tidy (see `rules.texts`); BadValue for control characters (line breaks only where `lines`)."""
    text = tidy(text)
    # unassigned is not forbidden: new rare characters are in names before Python knows them
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co") and not (lines and c == "\n") for c in text):
        raise BadValue("含有不能使用的字符，请删除后重新输入。")
    return text


def _choice(shape: Shape, definition: FormField, text: str) -> str:
    for identity, name, aliases in shape.options(definition):
        if text in (identity, name, *aliases):
            return identity
    if definition.source == "kinds":
        return text  # A7: an unlisted kind is a question to a reviewer, not a refusal
    raise BadValue("不在可选范围内，请从列表中选择。")


def number(text: str) -> str:
    """The stored form of a number of 0 to a million, without end zeros. BadValue."""
    found = _decimal(text)
    if not 0 <= found <= 1_000_000 or len(text) > 12:
        raise BadValue("数字超出范围。")
    return format(found.normalize(), "f")


def _decimal(text: str) -> Decimal:
    try:
        found = Decimal(compact(text).replace(",", ""))
    except InvalidOperation:
        raise BadValue("应为数字。") from None
    if not found.is_finite() or abs(found) > _MOST:
        raise BadValue("数字超出范围。")
    return found


def _number_of(definition: FormField, text: str) -> str:
    # the unit stands behind the field; who types it, too, is not wrong
    found = _decimal(text.removesuffix(definition.unit) if definition.unit else text)
    least = Decimal(0) if definition.min is None else definition.min
    if found < least:
        raise BadValue(f"不能小于 {least}{definition.unit}。")
    if definition.max is not None and found > definition.max:
        raise BadValue(f"不能大于 {definition.max}{definition.unit}。")
    if found != round(found, definition.decimals):
        what = f"最多 {definition.decimals} 位小数" if definition.decimals else "整数"
        raise BadValue(f"应为{what}。")
    return format(found.normalize(), "f") if found else "0"


def precise(text: str) -> PreciseDate:
    """A date as written on a certificate; 2024年5月1日, 2024.5.1 and 2024/5/1 are read as 2024-05-01. BadValue."""
    try:
        return PreciseDate.parse(_plain(text))
    except ValidationError as error:
        raise BadValue(_sentence(error)) from None
    except ValueError:
        raise BadValue(_NO_DATE) from None


def _plain(text: str) -> str:
    text = compact(text)
    if "学年" in text or "期" in text:
        return text.replace("—", "-").replace("－", "-").replace("至", "-")
    if re.fullmatch(
        r"\d{4}([./年]\d{1,2}){1}([./月]\d{1,2})?[月日]?|\d{4}年|\d{4}(-\d{1,2}){1,2}", text, re.ASCII
    ):
        numbers = re.findall(r"\d+", text)
        return "-".join(one.zfill(2) for one in numbers)
    return text


def _sentence(error: ValidationError) -> str:
    context = error.errors()[0].get("ctx", {})
    text = str(context.get("error", ""))
    return f"{text.rstrip('。')}。" if re.search(r"[\u4e00-\u9fff]", text) else _NO_DATE


def _date_of(definition: FormField, text: str) -> str:
    found = precise(text)
    _may_touch(definition, found)
    return found.text


def _may_touch(definition: FormField, found: PreciseDate) -> None:
    check_precision(found, definition.precisions)
    if definition.earliest and found.end < definition.earliest:
        raise BadValue(f"不能早于 {definition.earliest}。")
    if definition.latest and found.start > definition.latest:
        raise BadValue(f"不能晚于 {definition.latest}。")


def check_precision(found: PreciseDate, allowed: Iterable[Precision]) -> None:
    """BadValue when a date is less, or otherwise, precise than is asked for; nothing named: all are taken."""
    wanted = tuple(allowed)
    if wanted and found.precision not in wanted:
        raise BadValue("请写成" + "或".join(_PRECISIONS[one] for one in wanted) + "。")


def _interval_of(definition: FormField, text: str) -> str:
    """`start/end`, or `start/` for something that goes on; also read with 至, to 今."""
    first, slash, last = text.replace("～", "/").replace("~", "/").replace("至", "/", 1).partition("/")
    first, last = first.strip(), last.strip()
    if not slash or not first:
        raise BadValue("请写明开始和结束时间（如 2023-09/2024-01）；仍在继续的，结束时间留空。")
    start = precise(first)
    end = None if last in ("", "今", "至今") else precise(last)
    for one in (start, end):
        if one is not None:
            if one.precision not in ("day", "month", "year"):
                raise BadValue("开始和结束时间应写到年、月或日。")
            _may_touch(definition, one)
    check_order(start, end)
    return f"{start.text}/{end.text if end else ''}"


def check_order(start: PreciseDate, end: PreciseDate | None, part: str = "") -> None:
    """BadValue (of that part) when it ends before it begins, read as kindly as its precision allows."""
    if end is not None and end.end < start.start:
        raise BadValue("结束时间早于开始时间，请核对。", part)


def file_ids(value: Any, files: Files, most: int = 20) -> list[str]:
    """Each file once, in order. BadValue."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadValue("应为文件编号的列表。")
    if len(value) > most:
        raise BadValue(f"这一栏最多附 {most} 个文件。")
    if any(one not in files.proofs for one in value):
        raise BadValue("所附文件尚未上传或没有通过检查，请重新上传。")
    return list(dict.fromkeys(value))
