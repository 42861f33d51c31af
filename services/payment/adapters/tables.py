"""Reads csv and xlsx as they come from banks and providers: GBK or UTF-8, with or without BOM, any separator."""

import csv
import io
import zipfile
from datetime import date, datetime

from python_calamine import CalamineError, CalamineWorkbook

from kit.errors import DomainError, Kind

Rows = list[list[str]]
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_MOST_UNPACKED = 100 * 2**20


def unreadable(said: str) -> DomainError:
    return DomainError(Kind.invalid, "statement_unreadable", said, "F3")


def read(data: bytes, *, max_lines: int) -> Rows:
    """Every row as trimmed text. Errors: `statement_unreadable` (422)."""
    rows = _excel(data) if data.startswith((_ZIP, _OLD_EXCEL)) else _csv(_text(data))
    if len(rows) > max_lines:
        raise unreadable(f"文件有 {len(rows)} 行，超过 {max_lines} 行；请分成几个文件导入。")
    return rows


def _text(data: bytes) -> str:
    if b"\x00" in data[:200] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise unreadable("这不是 csv 或 xlsx 文件。")
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise unreadable("文件的编码无法识别，请另存为 UTF-8 或 GBK 的 csv，或 xlsx。")


def _csv(text: str) -> Rows:
    sample = text[:4000]
    separator = max(",\t;|", key=sample.count)
    try:
        return [[_trim(cell) for cell in row] for row in csv.reader(io.StringIO(text), delimiter=separator)]
    except csv.Error:
        raise unreadable("csv 文件的格式无法读取。") from None


def _excel(data: bytes) -> Rows:
    if data.startswith(_ZIP):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if sum(one.file_size for one in archive.infolist()) > _MOST_UNPACKED:
                    raise unreadable("表格解开后太大，请分成几个文件。")
        except zipfile.BadZipFile:
            raise unreadable("xlsx 文件已损坏，打不开。") from None
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0)
        return [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, OSError, ValueError, IndexError):
        raise unreadable("表格文件打不开，请另存为 xlsx 或 csv 再导入。") from None


def _cell(value: object) -> str:
    """As a person sees it: whole numbers without a point, days without an hour."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return _trim(str(value)) if value is not None else ""


def _trim(cell: str) -> str:
    """Banks write ="6222…" or a tab before long numbers so that Excel keeps them as text."""
    text = cell.strip().strip("\t`").strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text.strip()
