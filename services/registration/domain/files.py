"""Which files are taken for what, how large, and what to do with the others (A2): said before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.http.registration import NewFile, Purpose

JPEG, PNG, PDF = "image/jpeg", "image/png", "application/pdf"
TYPE_OF_SUFFIX: Mapping[str, str] = {"jpg": JPEG, "jpeg": JPEG, "png": PNG, "pdf": PDF}
TAKEN: Mapping[Purpose, frozenset[str]] = {
    Purpose.photo: frozenset({JPEG, PNG}),
    Purpose.evidence: frozenset({JPEG, PNG, PDF}),
    Purpose.scan: frozenset({JPEG, PNG, PDF}),
    Purpose.correction: frozenset({JPEG, PNG, PDF}),
}
_ADVICE: Mapping[str, str] = {
    "heic": "苹果手机的 HEIC 照片请先转为 JPG：在“设置→相机→格式”中选“兼容性最佳”后重拍，或用截图。",
    "heif": "HEIF 照片请先转为 JPG 再上传。",
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
    if not new.name.isprintable():
        return Refusal(code="file_name_invalid", message="文件名含有不能使用的字符，请改名后再上传。")
    ending = suffix(new.name)
    if ending in _ADVICE:
        return Refusal(code="file_type_not_taken", message=_ADVICE[ending])
    expected = TYPE_OF_SUFFIX.get(ending)
    if expected not in TAKEN[new.purpose]:
        kinds = "JPG 或 PNG 图片" if new.purpose is Purpose.photo else "PDF、JPG 或 PNG 文件"
        return Refusal(code="file_type_not_taken", message=f"此处只接收 {kinds}，请转换格式后再上传。")
    if new.media_type.lower() != expected:
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


PROBLEMS: Mapping[str, str] = {
    "size_differs": "上传的文件不完整（大小与选择的文件不同），请重新上传。",
    "wrong_type": "文件内容与后缀名不符，请重新导出为真正的 PDF、JPG 或 PNG 后再上传。",
    "does_not_open": "文件打不开或已损坏，请确认它能在自己的电脑上打开后再上传。",
    "encrypted": "PDF 文件有打开密码，请去掉密码后再上传。",
    "too_many_pages": "PDF 页数过多，请拆分后再上传。",
    "too_many_pixels": "图片的像素过大，请缩小后再上传。",
    "took_too_long": "文件过于复杂，在规定时间内没有能够打开，请重新扫描或另存后再上传。",
}
"""Why an uploaded file was refused, by the code that the inspection gives."""
