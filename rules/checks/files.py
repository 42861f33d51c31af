"""Checks on files: photo (Q2), the returned scan (Q4, Q6), whether attachments open (Q7)."""

from collections.abc import Iterator

from contracts.case import Finding, ScanFacts, ScanPage, Zone
from contracts.rulepack import Check
from rules.checks.case import Case

SURE = 0.8
"""Below this, what a machine saw on a scan is for a person (A4)."""


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
    if found.width < rule.min_width or found.height < rule.min_height:
        least = f"{rule.min_width}×{rule.min_height}"
        yield case.wrong(check, f"至少 {least} 像素，现为 {found.width}×{found.height}", field="photo")
    if found.height and abs(found.width / found.height - float(rule.aspect)) > float(rule.aspect_tolerance):
        yield case.wrong(check, f"宽高比应为 {rule.aspect}", field="photo")
    if found.faces is not None and found.faces != 1:
        yield case.wrong(
            check, f"应有且只有一张正面人像，找到 {found.faces} 张", field="photo", confidence=0.8
        )
    elif found.faces == 1 and found.centred is False:
        yield case.wrong(check, "人像不在照片中间", field="photo", confidence=0.7)
    if found.sharpness is not None and found.sharpness < float(rule.min_sharpness):
        yield case.wrong(check, "照片不够清晰", field="photo", confidence=0.7)
    if found.faces is None or found.sharpness is None:
        yield case.look(check, "人像和清晰度没有自动检测，请看一眼", field="photo")


def seal_and_signature(case: Case, check: Check) -> Iterator[Finding]:
    """Q4: a signature on every page and the unit's seal; what was not found is said with confidence."""
    scan = case.facts.scan
    if scan is None or not scan.file_ids:
        yield case.wrong(check, "还没有回传签字盖章的扫描件", field="scan")
        return
    if not scan.pages:
        yield case.look(check, "扫描件没有读出页面", field="scan")
    for page in _numbered(scan):
        yield from _zone(case, check, page.signature, f"第 {page.number} 页申报者签名", "signature")
        if page.number == scan.seal_page:
            yield from _zone(case, check, page.seal, f"第 {page.number} 页单位公章", "seal")


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
    pages = _numbered(scan)
    numbers = [page.number for page in pages]
    unread = len(scan.pages) - len(pages)
    missing = [number for number in range(1, scan.expected_pages + 1) if number not in numbers]
    if missing and len(missing) > unread:
        yield case.wrong(check, f"缺第 {_list(missing)} 页", field="scan", confidence=0.9)
    elif missing:
        yield case.look(check, f"有 {unread} 页读不出页码，可能是第 {_list(missing)} 页", field="scan")
    elif unread or not scan.pages:
        yield case.look(check, "有读不出页码的页", field="scan")
    if not missing and sorted(numbers, key=_key) != numbers:
        yield case.look(check, "页的顺序不对", field="scan", confidence=0.9)
    old = [page.number for page in pages if page.version not in (None, scan.expected_version)]
    if old:
        yield case.wrong(
            check, f"第 {_list(old)} 页不是当前版本（第 {scan.expected_version} 版）", field="scan"
        )
    if strange := [page.number for page in pages if page.code_ok is False]:
        yield case.wrong(
            check, f"第 {_list(strange)} 页的校验码与系统生成的不符", field="scan", confidence=0.9
        )


def _numbered(scan: ScanFacts) -> list[ScanPage]:
    return [page for page in scan.pages if page.number is not None]


def _key(number: int | None) -> int:
    return number or 0


def _list(numbers: list[int | None] | list[int]) -> str:
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
