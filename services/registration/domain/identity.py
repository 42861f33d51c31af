"""Identity documents: normal form, check, mask. Regions are not judged: genuine numbers carry retired codes."""

import re
from datetime import date

from contracts.http.persons import IdKind
from rules.texts import compact, tidy_name

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_RESIDENCE = ("81", "82", "83")
"""Hong Kong, Macao, Taiwan: region codes of residence permits, which are numbered as ID cards are."""
_OTHERS: dict[IdKind, tuple[re.Pattern[str], str]] = {
    IdKind.hk_macao_permit: (
        re.compile(r"^[HM]\d{8}(\d{2})?$"),
        "港澳居民来往内地通行证号码应为字母 H 或 M 加 8 位数字，请核对。",
    ),
    IdKind.taiwan_permit: (
        re.compile(r"^\d{8}(\d{2}(\([A-Z0-9]\)|[A-Z0-9])?)?$"),
        "台湾居民来往大陆通行证号码应为 8 位数字，请核对。",
    ),
    IdKind.passport: (re.compile(r"^[A-Z0-9]{5,17}$"), "护照号码应为 5 至 17 位字母和数字，请核对。"),
}
# planes 2 and 3 as a whole: new rare characters are in names before Python knows them
_LETTER = r"[^\W\d_]|[\U00020000-\U0003fffd]"
_NAME = re.compile(rf"^(?:{_LETTER})+(?:(?:\. |[·. '\-])(?:{_LETTER})+)*\.?$")
_PHONE = re.compile(r"^1[3-9]\d{9}$")


def normal_number(text: str) -> str:
    """The form in which a number is compared and stored: half-width, upper case, without blanks and dashes."""
    return re.sub(r"[-‐-―−]", "", compact(text)).upper()


def normal_name(text: str) -> str:
    """A name as it is stored, see `rules.texts.tidy_name`."""
    return tidy_name(text)


def settled_kind(kind: IdKind, number: str) -> IdKind:
    """ID card and residence permit are told apart by the number itself: nobody gets two identities by choosing."""
    if kind in (IdKind.id_card, IdKind.residence_permit) and len(number) == 18:
        return IdKind.residence_permit if number.startswith(_RESIDENCE) else IdKind.id_card
    return kind


def person_number(kind: IdKind, number: str) -> str:
    """What of a (normal) number stays the same when the document is renewed: permits count renewals at the end."""
    if kind is IdKind.hk_macao_permit:
        return number[:9]
    return number[:8] if kind is IdKind.taiwan_permit else number


def name_problem(name: str) -> str | None:
    """What is wrong with a (normal) name, in words, or None."""
    if len(name) < 2:
        return "姓名至少两个字，请按证件填写全名。"
    if not _NAME.match(name):
        return "姓名只能含文字、间隔号和空格，请按证件填写。"
    return None


def number_problem(kind: IdKind, number: str, today: date) -> str | None:
    """What is wrong with a (normal) document number, in words, or None."""
    if kind is IdKind.residence_permit and len(number) == 18 and not number.startswith(_RESIDENCE):
        return "港澳台居民居住证号码以 81、82 或 83 开头，请核对证件类型和号码。"
    if kind in (IdKind.id_card, IdKind.residence_permit):
        return _card_problem(number, today, "身份证" if kind is IdKind.id_card else "居住证")
    pattern, message = _OTHERS[kind]
    return None if pattern.match(number) else message


def _card_problem(number: str, today: date, what: str) -> str | None:
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", number, re.ASCII):
        return f"{what}号码应为 18 位（末位可为 X），请核对。"
    born = birth_date(number)
    if born is None or not date(1900, 1, 1) <= born <= today:
        return f"{what}号码中的出生日期不存在，请核对。"
    if check_digit(number[:17]) != number[17]:
        return f"{what}号码的校验位不对，请逐位核对。"
    return None


def birth_date(number: str) -> date | None:
    """The date of birth inside an ID card number, None when it is no date."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def check_digit(first_17: str) -> str:
    """GB 11643: the 18th character of an ID card number."""
    return _CHECK[sum(w * int(d) for w, d in zip(_WEIGHTS, first_17, strict=True)) % 11]


def is_phone(text: str) -> bool:
    """Whether it is a mainland mobile number."""
    return bool(_PHONE.match(text))


def mask_number(number: str) -> str:
    """First and last characters only: `500103********1234` for a card, about a third at each end otherwise."""
    head, tail = (6, 4) if len(number) == 18 else (max(1, len(number) // 4), max(1, len(number) // 4))
    return number[:head] + "*" * (len(number) - head - tail) + number[-tail:]


def mask_phone(phone: str) -> str:
    """`138****5678`; empty stays empty."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "*" * len(phone)


def mask_text(text: str) -> str:
    """The first two characters, for addresses and the like."""
    return text[:2] + "*" * max(0, len(text) - 2)
