"""Errors as application/problem+json (RFC 9457): a stable code and a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from kit.errors import DomainError, Kind

MEDIA_TYPE = "application/problem+json"

_TITLES: Mapping[int, str] = {
    400: "请求格式有误",
    401: "需要登录",
    403: "没有权限",
    404: "没有找到",
    405: "不支持这种操作",
    409: "与现状冲突",
    413: "内容过大",
    415: "不支持的内容类型",
    422: "内容有误",
    429: "操作太频繁",
    500: "系统内部错误",
    503: "服务暂时不可用",
}
_PLAIN: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "请求无法识别，请检查后重试。"),
    401: ("unauthenticated", "请先登录。"),
    403: ("forbidden", "您没有权限进行这项操作。"),
    404: ("not_found", "没有找到您要的内容，它可能不存在，或者不属于您。"),
    405: ("method_not_allowed", "这个地址不支持这种操作。"),
    413: ("body_too_large", "提交的内容超过了大小限制，请减少内容后重试。"),
    415: ("unsupported_media_type", "不支持这种内容类型。"),
    429: ("too_many_requests", "操作太频繁，请稍后再试。"),
    503: ("service_unavailable", "服务暂时不可用，请稍后再试。"),
}


class Problem(BaseModel):
    """What every error answer holds. `code` is for programs, `detail` for people."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(examples=["urn:fudao:problem:not_found"])
    title: str
    status: int
    detail: str
    code: str
    clause: str | None = None
    details: dict[str, Any] = {}
    request_id: str | None = None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route: declares that it may answer a Problem with each of these statuses."""
    return {status: {"model": Problem, "description": _TITLES.get(status, "错误")} for status in statuses}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    clause: str | None = None,
    details: Mapping[str, Any] | None = None,
    request_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The response itself."""
    body = Problem(
        type=f"urn:fudao:problem:{code}",
        title=_TITLES.get(status, "错误"),
        status=status,
        detail=detail,
        code=code,
        clause=clause,
        details=dict(details or {}),
        request_id=request_id,
    )
    return JSONResponse(
        body.model_dump(mode="json"), status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def of_domain_error(error: DomainError, request_id: str | None) -> JSONResponse:
    """A DomainError as an answer; 401 names the scheme, 429 and 503 carry Retry-After."""
    headers: dict[str, str] = {}
    if error.kind is Kind.unauthenticated:
        headers["www-authenticate"] = "Bearer"
    if error.kind in (Kind.too_many, Kind.unavailable):
        headers["retry-after"] = str(error.details.get("retry_after", 1))
    return problem(
        error.kind.status,
        error.code,
        error.message,
        clause=error.clause,
        details=error.details,
        request_id=request_id,
        headers=headers,
    )


def of_status(status: int, request_id: str | None, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A framework's own error (no such route, wrong method, body too large) as an answer."""
    code, detail = _PLAIN.get(status, (f"http_{status}", "请求没有成功，请稍后再试。"))
    return problem(status, code, detail, request_id=request_id, headers=headers)


def of_validation(errors: Sequence[Mapping[str, Any]], request_id: str | None) -> JSONResponse:
    """Pydantic's errors in Chinese: which field, what is wrong with it. What was typed is not repeated."""
    fields = [{"field": _field(error["loc"]), "message": _sentence(error)} for error in errors]
    listed = "；".join(
        f"{one['field']} {one['message']}" if one["field"] else one["message"] for one in fields
    )
    return problem(
        422, "invalid_input", f"提交的内容有误：{listed}。", details={"fields": fields}, request_id=request_id
    )


def _field(loc: Sequence[int | str]) -> str:
    places = [str(part) for part in loc]
    if places and places[0] in ("body", "query", "path", "header", "cookie"):
        places = places[1:]
    return ".".join(places)


_SENTENCES: Mapping[str, str] = {
    "missing": "必须填写",
    "extra_forbidden": "不是可以填写的项",
    "string_too_short": "至少 {min_length} 个字",
    "string_too_long": "最多 {max_length} 个字",
    "string_type": "应为文字",
    "string_pattern_mismatch": "格式不正确",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "decimal_type": "应为数字",
    "decimal_parsing": "应为数字",
    "decimal_max_digits": "最多 {max_digits} 位数字",
    "decimal_max_places": "最多 {decimal_places} 位小数",
    "finite_number": "应为数字",
    "bool_type": "应为是或否",
    "bool_parsing": "应为是或否",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "multiple_of": "应为 {multiple_of} 的倍数",
    "enum": "不在可选范围内",
    "literal_error": "不在可选范围内",
    "union_tag_invalid": "不在可选范围内",
    "union_tag_not_found": "缺少类型",
    "date_type": "应为日期（年-月-日）",
    "date_parsing": "应为日期（年-月-日）",
    "date_from_datetime_parsing": "应为日期（年-月-日）",
    "datetime_type": "应为时间",
    "datetime_parsing": "应为时间",
    "datetime_from_date_parsing": "应为时间",
    "timezone_aware": "时间要带时区",
    "uuid_type": "编号不正确",
    "uuid_parsing": "编号不正确",
    "url_parsing": "网址不正确",
    "url_scheme": "网址不正确",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "dict_type": "应为一组内容",
    "model_type": "应为一组内容",
    "model_attributes_type": "应为一组内容",
    "json_invalid": "内容不是有效的 JSON",
}


def _sentence(error: Mapping[str, Any]) -> str:
    context: Mapping[str, Any] = error.get("ctx") or {}
    if error["type"] in ("value_error", "assertion_error") and "error" in context:
        return str(context["error"])  # raised by a validator of ours, in Chinese
    try:
        return _SENTENCES.get(str(error["type"]), "格式不正确").format_map(context)
    except KeyError:
        return "格式不正确"
