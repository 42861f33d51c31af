"""Which files are taken for what, how large, and what to do with the others (A2): said before anything is sent."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.http.files import NewFile, Purpose

JPEG, PNG, PDF, HEIC = "image/jpeg", "image/png", "application/pdf", "image/heic"
TYPE_OF_SUFFIX: Mapping[str, str] = {
    "jpg": JPEG,
    "jpeg": JPEG,
    "jfif": JPEG,
    "png": PNG,
    "pdf": PDF,
    "heic": HEIC,
    "heif": HEIC,
}
_PICTURES = frozenset({JPEG, PNG, HEIC})
TAKEN: Mapping[Purpose, frozenset[str]] = {
    Purpose.photo: _PICTURES,
    Purpose.evidence: _PICTURES | {PDF},
    Purpose.scan: _PICTURES | {PDF},
    Purpose.correction: _PICTURES | {PDF},
}
_UNSAID = frozenset({"", "application/octet-stream"})
_ALIKE: Mapping[str, str] = {"image/heif": HEIC, "image/pjpeg": JPEG, "image/jpg": JPEG, "image/x-png": PNG}
NAME_CHARS = 200
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_ADVICE: Mapping[str, str] = {
    "ofd": "OFD 文件请用阅读软件“另存为”或打印成 PDF 后再上传。",
    "rar": "压缩包无法直接审阅，请解压后逐个上传其中的 PDF 或图片。",
    "zip": "压缩包无法直接审阅，请解压后逐个上传其中的 PDF 或图片。",
    "7z": "压缩包无法直接审阅，请解压后逐个上传其中的 PDF 或图片。",
    "doc": "Word 文件请另存为 PDF 后再上传。",
    "docx": "Word 文件请另存为 PDF 后再上传。",
    "wps": "WPS 文件请输出为 PDF 后再上传。",
    "ppt": "演示文稿请另存为 PDF 后再上传。",
    "pptx": "演示文稿请另存为 PDF 后再上传。",
    "xls": "表格请另存为 PDF 后再上传。",
    "xlsx": "表格请另存为 PDF 后再上传。",
    "tif": "TIFF 图片请转为 JPG 或 PDF 后再上传。",
    "tiff": "TIFF 图片请转为 JPG 或 PDF 后再上传。",
    "webp": "WebP 图片请转为 JPG 后再上传。",
    "bmp": "BMP 图片请转为 JPG 后再上传。",
    "gif": "GIF 图片请转为 JPG 后再上传。",
    "mp4": "视频请截图或写明可查看的网址，目前只接收 PDF 和图片。",
}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a file is not taken; `too_large` decides the HTTP status."""

    code: str
    message: str
    too_large: bool = False


def suffix(name: str) -> str:
    """The lower-case ending of a file name, empty when it has none."""
    _, dot, end = name.strip().rpartition(".")
    return end.lower() if dot else ""


def judge(new: NewFile, max_bytes: int) -> Refusal | None:
    """Whether a file may be uploaded at all, by what the browser says of it. None: yes."""
    if not _plain(new.name):
        return Refusal(code="file_name_invalid", message="文件名含有不能使用的字符，请改名后再上传。")
    if len(new.name) > NAME_CHARS:
        message = f"文件名过长（{len(new.name)} 个字，最多 {NAME_CHARS} 个），请改短后再上传。"
        return Refusal(code="file_name_too_long", message=message)
    if new.bytes == 0:
        return Refusal(code="file_empty", message="这是一个空文件（0 字节），请重新导出后再上传。")
    ending = suffix(clean_name(new.name))
    if ending in _ADVICE:
        return Refusal(code="file_type_not_taken", message=_ADVICE[ending])
    expected = TYPE_OF_SUFFIX.get(ending)
    if expected not in TAKEN[new.purpose]:
        kinds = "JPG、PNG 或 HEIC 图片" if new.purpose is Purpose.photo else "PDF、JPG、PNG 或 HEIC 文件"
        return Refusal(code="file_type_not_taken", message=f"此处只接收 {kinds}，请转换格式后再上传。")
    said = new.media_type.lower().partition(";")[0].strip()
    if said not in _UNSAID and _ALIKE.get(said, said) != expected:
        message = "文件的后缀名与类型不一致，请重新导出文件后再上传，不要只改后缀名。"
        return Refusal(code="file_type_mismatch", message=message)
    if new.bytes > max_bytes:
        message = (
            f"文件大小为 {size(new.bytes)}，超过上限 {size(max_bytes)}"
            f"（多 {new.bytes - max_bytes} 字节），请压缩后再上传。"
        )
        return Refusal(code="file_too_large", message=message, too_large=True)
    return None


def size(n: int) -> str:
    """A size as people read it."""
    return f"{n / 2**20:.1f} MB" if n >= 2**20 else f"{n / 1024:.0f} KB" if n >= 1024 else f"{n} 字节"


def type_of(name: str) -> str:
    """The type that a name which `judge` let pass stands for."""
    return TYPE_OF_SUFFIX[suffix(clean_name(name))]


def download_name(name: str, media_type: str) -> str:
    """The name of what is stored: a HEIC picture that became a JPEG ends in .jpg."""
    if media_type == JPEG and TYPE_OF_SUFFIX.get(suffix(name)) != JPEG:
        return f"{name.rpartition('.')[0]}.jpg"
    return name


def clean_name(name: str) -> str:
    """As it is kept and shown: other kinds of spaces (macOS, full width) as one, what is invisible left out."""
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in name)
    return "".join(c for c in spaced if unicodedata.category(c) != "Cf").strip()


def _plain(name: str) -> bool:
    """Nothing in it that controls a screen, turns the direction of writing, or is half a character."""
    kinds = {unicodedata.category(c) for c in name}
    return not kinds & {"Cc", "Cs", "Co", "Zl", "Zp"} and not _TURNING.intersection(name)


PROBLEMS: Mapping[str, str] = {
    "size_differs": "上传的文件不完整（大小与选择的文件不同），请重新上传。",
    "wrong_type": "文件内容与后缀名不符，请重新导出为真正的 PDF、JPG 或 PNG 后再上传。",
    "is_archive": "这是压缩包，只是改了后缀名。请解压后逐个上传其中的 PDF 或图片。",
    "is_office": "这是 Office 文件，只是改了后缀名。请打开后另存为 PDF 再上传。",
    "is_ofd": "这是 OFD 文件，只是改了后缀名。请用阅读软件另存为或打印成 PDF 后再上传。",
    "is_heic": "这是 HEIC 照片，只是改了后缀名。请把后缀名改回 .heic 后上传，系统会转换。",
    "polyglot": "文件中夹带了另一个文件或网页脚本，不能接收。请重新扫描、截图或另存后再上传。",
    "does_not_open": "文件打不开或已损坏，请确认它能在自己的电脑上打开后再上传。",
    "encrypted": "PDF 文件有打开密码，请去掉密码后再上传。",
    "too_many_pages": "PDF 页数过多（最多 200 页），请拆分后再上传。",
    "odd_page_size": "PDF 的页面尺寸异常（过大或过小），请重新导出或打印成 A4 的 PDF 后再上传。",
    "too_many_pixels": "图片的像素过大，请缩小到 2500 万像素以内后再上传。",
    "too_complex": "文件过于复杂，打开它需要的内存太多。请重新扫描、降低分辨率或打印成 PDF 后再上传。",
    "took_too_long": "文件过于复杂，在规定时间内没有能够打开，请重新扫描或另存后再上传。",
    "infected": "病毒扫描发现这个文件有问题，不能接收。请在杀毒后重新导出，或换一台电脑重新制作。",
    "crop_outside": "裁剪范围超出了照片，请重新选择。",
}
"""Why an uploaded file was refused, by the code that the inspection gives."""

WAITS: Mapping[str, str] = {
    "scanner_waits": "正在等待病毒扫描，完成后会自动变为可用，不需要重新上传。",
}
"""Why a file is still pending."""

REMOVED: Mapping[str, str] = {
    "metadata": "已去除照片中的拍摄地点、时间和设备等信息。",
    "javascript": "已去除文件中的脚本。",
    "actions": "已去除文件打开时自动执行的动作。",
    "launch": "已去除文件中启动其他程序的链接。",
    "submit": "已去除文件中向外发送内容的按钮。",
    "embedded_files": "已去除文件中夹带的附件；附件如为证明材料，请单独上传。",
    "media": "已去除文件中的音频和视频。",
    "xfa": "已去除动态表单；请核对预览中内容是否完整。",
}
"""What was taken out of a file, in words, by the code that the inspection gives."""
