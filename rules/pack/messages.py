"""pydantic's complaints about a pack as problems in Chinese, each with file, line and field."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.rulepack.problems import Problem
from rules.pack.tree import Mark, dotted

_TEXTS = {
    "missing": "缺少这个字段",
    "extra_forbidden": "不认识的字段",
    "string_type": "应是文字（数字样的编号请加引号）",
    "string_too_short": "不能为空",
    "string_pattern_mismatch": "只能用字母、数字、- 和 _，且以字母或数字开头",
    "int_type": "应是整数",
    "int_parsing": "应是整数",
    "int_from_float": "应是整数",
    "decimal_type": "应是数字",
    "decimal_parsing": "应是数字",
    "bool_type": "应是 true 或 false",
    "bool_parsing": "应是 true 或 false",
    "date_type": "应是日期，如 2025-02-28",
    "date_parsing": "应是日期，如 2025-02-28",
    "date_from_datetime_parsing": "应是日期，如 2025-02-28",
    "tuple_type": "应是列表",
    "dict_type": "应是“键: 值”的形式",
    "model_type": "应是“键: 值”的形式",
}


def schema_problems(error: ValidationError, tree: dict[str, Any], mark: Mark) -> list[Problem]:
    """One problem for each complaint."""
    return [_problem(detail, tree, mark) for detail in error.errors()]


def _problem(detail: ErrorDetails, tree: dict[str, Any], mark: Mark) -> Problem:
    path = tuple(step for step in detail["loc"] if step != "[key]")
    place = mark.at(path)
    return Problem(place.file, place.line, dotted(tree, path), complaint(detail))


def complaint(detail: ErrorDetails) -> str:
    """One of pydantic's complaints in Chinese, without the value."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context.get("error", detail["msg"]))
    if kind in ("literal_error", "enum"):
        return f"只能是 {context.get('expected', '')}".replace(" or ", " 或 ")
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        sign = {
            "greater_than": "大于",
            "greater_than_equal": "不小于",
            "less_than": "小于",
            "less_than_equal": "不大于",
        }
        limit = next(iter(context.values()), "")
        return f"应{sign[kind]} {limit}"
    return _TEXTS.get(kind, detail["msg"])
