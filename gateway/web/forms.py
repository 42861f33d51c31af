"""Forms of pages: read into the same models as the API's bodies, mistakes said beside the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import RedirectResponse, Response

from gateway.web.render import Renderer
from kit.errors import DomainError, Kind
from kit.http.problems import of_validation

M = TypeVar("M", bound=BaseModel)

_LABELS: Mapping[str, str] = {
    "phone": "手机号应为 11 位大陆手机号码",
    "code": "验证码应为 6 位数字",
    "old": "请输入原密码",
    "roles": "请至少选择一个角色",
    "username": "用户名应以小写字母开头，3–32 位小写字母、数字或 . _ -",
    "password": "密码至少 10 位",
    "display_name": "请填写姓名",
    "name": "请填写姓名",
    "id_number": "请填写证件号码",
    "id_kind": "请选择证件类型",
    "level": "请选择级别",
    "application_number": "请填写申报号",
    "reason": "请写明理由（2–200 字）",
}


async def read(request: Request, model: type[M], **known: str) -> M:
    """The form as `model`. Errors: 422 `invalid_input` with what a person can do about it."""
    form = await request.form()
    given = {name: str(value).strip() for name, value in form.items() if name in model.model_fields}
    try:
        return model.model_validate({**given, **known})
    except ValidationError as error:
        raise DomainError(Kind.invalid, "invalid_input", said_of(error)) from None


def said_of(error: ValidationError) -> str:
    """What a person can do about a form's mistakes."""
    fields = [str(one["loc"][0]) for one in error.errors() if one["loc"]]
    said = [_LABELS[name] for name in dict.fromkeys(fields) if name in _LABELS]
    if not said:
        said = [str(bytes(of_validation(error.errors(), None).body), "utf-8")]
    return "；".join(said) + "。"


def two_passwords() -> DomainError:
    """The new password was not typed twice alike."""
    return DomainError(Kind.invalid, "passwords_differ", "两次输入的密码不一样，请重新输入。")


def see(path: str) -> Response:
    """After a form: go and look there."""
    return RedirectResponse(path, 303)


def safe_next(given: str | None, otherwise: str) -> str:
    """A path of ours only, never another site."""
    if given and given.startswith("/") and not given.startswith(("//", "/\\")) and "\n" not in given:
        return given
    return otherwise


def _renderer(request: Request) -> Renderer:
    renderer: Renderer = request.app.state.renderer
    return renderer


ThePages = Annotated[Renderer, Depends(_renderer)]
"""For page routes."""
