"""Checks on files: photo (Q2), the returned scan (Q4, Q6), whether attachments open (Q7)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.case import Finding, FindingVerdict, PhotoFacts, ScanFacts, ScanPage, Zone
from contracts.rulepack import Check, PhotoRule
from rules.checks.case import Case

SURE = 0.8
"""Below this, what a machine saw on a scan is for a person (A4)."""
_CLEAR = 0.75


def photo(case: Case, check: Check) -> Iterator[Finding]:
    """Q2: size, aspect, one face, sharpness. Faces are detected, never recognised."""
    rule, found = check.photo, case.facts.photo
    assert rule is not None
    if case.snapshot.photo_file_id is None:
        yield case.wrong(check, "没有上传照片", field="photo")
        return
    if found is None:
        yield case.look(check, "照片还没有量过", field="photo")
        return
    for one in judge_photo(rule, found):
        if one.verdict is FindingVerdict.finding:
            yield case.wrong(check, one.message, field="photo", confidence=one.confidence)
        elif one.verdict is FindingVerdict.person:
            yield case.look(check, one.message, field="photo", confidence=one.confidence)


@dataclass(frozen=True)
class PhotoJudgement:
    """One thing that the rule says of a photo."""

    verdict: FindingVerdict
    message: str
    confidence: float = 1.0


def judge_photo(rule: PhotoRule, found: PhotoFacts) -> list[PhotoJudgement]:
    """What the pack's rule says of these measures; empty: nothing to complain about. Never a refusal."""
    found_wrong = [*_size(rule, found), *_face(rule, found), *_sharpness(rule, found)]
    if found.faces is None or found.sharpness is None:
        found_wrong.append(_look("人像和清晰度没有自动检测，请看一眼"))
    return found_wrong


def _wrong(message: str, confidence: float = 1.0) -> PhotoJudgement:
    return PhotoJudgement(FindingVerdict.finding, message, confidence)


def _look(message: str, confidence: float = 0.5) -> PhotoJudgement:
    return PhotoJudgement(FindingVerdict.person, message, confidence)


def photo_fits(rule: PhotoRule, width: int, height: int) -> bool:
    """Whether a photo of so many pixels is large enough and has the rule's aspect."""
    return not (_too_small(rule, width, height) or _other_aspect(rule, width, height))


def _too_small(rule: PhotoRule, width: int, height: int) -> bool:
    return width < rule.min_width or height < rule.min_height


def _other_aspect(rule: PhotoRule, width: int, height: int) -> bool:
    return abs(width - rule.aspect * height) > rule.aspect_tolerance * height


def _size(rule: PhotoRule, found: PhotoFacts) -> Iterator[PhotoJudgement]:
    if _too_small(rule, found.width, found.height):
        least = f"{rule.min_width}×{rule.min_height}"
        yield _wrong(f"至少 {least} 像素，现为 {found.width}×{found.height}")
    if found.height and _other_aspect(rule, found.width, found.height):
        yield _wrong(f"宽高比应为 {rule.aspect}，现为 {found.width / found.height:.3f}，请裁剪")


def _face(rule: PhotoRule, found: PhotoFacts) -> Iterator[PhotoJudgement]:
    if found.faces is None:
        return
    if found.faces == 0:
        # a machine that finds no face is sometimes wrong: glasses, light from the side; a person decides
        yield _wrong("没有找到正面人像，请用本人正面免冠照；如照片无误，可保留，由审查人员核对", 0.6)
    elif found.faces > 1:
        yield _wrong(f"应有且只有一张正面人像，找到 {found.faces} 张", 0.8)
    elif found.centred is False:
        yield _wrong("人像不在照片中间，请重新裁剪", 0.7)
    most = rule.max_unevenness
    if found.background is not None and most is not None and found.background > float(most):
        yield _look("背景似乎不是纯色，请确认符合证件照要求", 0.4)


def _sharpness(rule: PhotoRule, found: PhotoFacts) -> Iterator[PhotoJudgement]:
    if found.sharpness is not None and found.sharpness < float(rule.min_sharpness):
        yield _wrong("照片不够清晰", 0.7)


def seal_and_signature(case: Case, check: Check) -> Iterator[Finding]:
    """Q4: a signature on every page and the unit's seal; what was not found is said with confidence."""
    scan = case.facts.scan
    if scan is None or not scan.file_ids:
        yield case.wrong(check, "还没有回传签字盖章的扫描件", field="scan")
        return
    if not scan.pages:
        yield case.look(check, "扫描件没有读出页面", field="scan")
    signed = {n: _surest([page.signature for page in pages]) for n, pages in _by_number(scan).items()}
    lacking = [n for n, zone in signed.items() if zone.found is False]
    unsure = [
        n for n, zone in signed.items() if zone.found is None or (zone.found and zone.confidence < SURE)
    ]
    # one finding for all pages: a person answers it once, and one new scan cures it
    for pages, verdict in ((lacking, False), (unsure, None)):
        if pages:
            sure = min(signed[n].confidence for n in pages)
            one = Zone(found=verdict, confidence=sure)
            yield from _zone(case, check, one, f"第 {_list(pages)} 页申报者签名", "signature")
    yield from _seal(case, check, scan)


def _seal(case: Case, check: Check, scan: ScanFacts) -> Iterator[Finding]:
    by_number = _by_number(scan)
    if scan.seal_page not in by_number:
        if scan.pages and any(page.number is None for page in scan.pages):
            yield case.look(check, f"第 {scan.seal_page} 页没有认出，看不出公章", field="scan.seal")
        return
    sealed = _surest([page.seal for page in by_number[scan.seal_page]])
    away = [n for n, pages in by_number.items() if n != scan.seal_page and _sealed(pages)]
    if away and sealed.found is not True:
        detail = f"公章盖在第 {_list(away)} 页，应盖在第 {scan.seal_page} 页的单位审核意见处"
        yield case.wrong(check, detail, field="scan.seal", confidence=0.8)
        return
    grey = all(page.kind == "grey" for page in by_number[scan.seal_page])
    what = f"第 {scan.seal_page} 页单位公章" + ("（黑白或灰度扫描，公章的红色已丢失）" if grey else "")
    yield from _zone(case, check, sealed, what, "seal")


def _sealed(pages: list[ScanPage]) -> bool:
    return any(page.seal.found is True and page.seal.confidence >= _CLEAR for page in pages)


def _surest(zones: list[Zone]) -> Zone:
    """Of a page that was scanned twice, the better one counts: found before unsure before not found."""
    order = {True: 2, None: 1, False: 0}
    return max(zones, key=lambda zone: (order[zone.found], zone.confidence))


def _zone(case: Case, check: Check, zone: Zone, what: str, field: str) -> Iterator[Finding]:
    if zone.found is False:
        yield case.wrong(check, f"没有找到{what}", field=f"scan.{field}", confidence=zone.confidence)
    elif zone.found is None or zone.confidence < SURE:
        yield case.look(check, f"看不准{what}", field=f"scan.{field}", confidence=zone.confidence)


def system_form(case: Case, check: Check) -> Iterator[Finding]:
    """Q6, A3: every page of the system's own form, of this version, once each, in order."""
    scan = case.facts.scan
    if scan is None or not scan.file_ids:
        yield case.wrong(check, "还没有回传申报书扫描件", field="scan")
        return
    pages = [page for page in scan.pages if page.number is not None and _of_version(page, scan)]
    numbers = [page.number for page in pages]
    unread = sum(page.number is None for page in scan.pages)
    missing = [number for number in range(1, scan.expected_pages + 1) if number not in numbers]
    old = [page.number for page in scan.pages if page.number is not None and not _of_version(page, scan)]
    if old:
        yield case.wrong(
            check, f"第 {_list(old)} 页不是当前版本（第 {scan.expected_version} 版）", field="scan"
        )
        missing = [number for number in missing if number not in old]
    if missing and len(missing) > unread:
        yield case.wrong(check, f"缺第 {_list(missing)} 页", field="scan", confidence=0.9)
    elif missing:
        yield case.look(check, f"有 {unread} 页读不出页码，可能是第 {_list(missing)} 页", field="scan")
    elif unread or not scan.pages:
        yield case.look(check, "有读不出页码的页", field="scan")
    twice = [number for number, found in _by_number(scan).items() if len(found) > 1]
    if twice:
        yield case.look(check, f"第 {_list(twice)} 页有不止一张", field="scan", confidence=0.9)
    if not missing and sorted(numbers, key=_key) != numbers:
        yield case.look(check, "页的顺序不对", field="scan", confidence=0.9)
    if alike := [page.number for page in pages if page.code_ok is None]:
        detail = f"第 {_list(alike)} 页右上角的码读不出，只从样子认出，请核对版本"
        yield case.look(check, detail, field="scan", confidence=0.6)
    if strange := [page.number for page in pages if page.code_ok is False]:
        yield case.wrong(
            check, f"第 {_list(strange)} 页的校验码与系统生成的不符", field="scan", confidence=0.9
        )
    if any(page.kind == "electronic" for page in pages):
        yield case.look(check, "有的页是电子文件，不是纸质扫描，请核对电子签名和电子印章", field="scan")


def _of_version(page: ScanPage, scan: ScanFacts) -> bool:
    return page.version in (None, scan.expected_version)


def _by_number(scan: ScanFacts) -> dict[int, list[ScanPage]]:
    """Pages of the expected version by their number; those of another one are no use."""
    found: dict[int, list[ScanPage]] = {}
    for page in scan.pages:
        if page.number is not None and _of_version(page, scan):
            found.setdefault(page.number, []).append(page)
    return dict(sorted(found.items()))


def _key(number: int | None) -> int:
    return number or 0


def _list(numbers: Sequence[int | None]) -> str:
    return "、".join(str(number) for number in numbers)


def files_open(case: Case, check: Check) -> Iterator[Finding]:
    """Q7: really opened; a file that nobody tried yet is for a person."""
    named = [(item.id, None, item.file_ids) for item in case.items]
    fields = [(None, field, ids) for field, ids in case.snapshot.field_files.items()]
    for item_id, field, file_ids in (*named, *fields):
        for file_id in file_ids:
            found = case.facts.files.get(file_id)
            if found is None:
                yield case.look(check, "这个附件还没有检查过", item=item_id, field=field)
            elif not found.opens:
                yield case.wrong(check, found.problem or "打不开", item=item_id, field=field, reprint=False)
