"""A pack's YAML as a plain tree that remembers where each value stands, and the merge rules of `extends`."""

from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarfloat import ScalarFloat

from contracts.rulepack.problems import Problem


@dataclass
class Mark:
    """Where a value stands (1-based line), and the marks of what is in it."""

    file: str
    line: int
    inside: dict[str | int, "Mark"] = field(default_factory=dict)

    def at(self, path: tuple[str | int, ...]) -> "Mark":
        """The mark of a path, or of the nearest thing around it (a missing field has no place of its own)."""
        mark = self
        for step in path:
            if step not in mark.inside:
                break
            mark = mark.inside[step]
        return mark


class YamlMistakes(Exception):
    """A file that is no YAML, or no map."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Constructor(RoundTripConstructor):
    """Leaves dates as text, so that a day that does not exist is a mistake of its field, with its line."""


_Constructor.add_constructor(
    "tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node)
)


def parse(data: bytes, file: str) -> tuple[dict[str, Any], Mark]:
    """A YAML map as plain JSON values (dates are ISO text), with marks. Errors: YamlMistakes."""
    value, mark = _parse(data, file)
    return dict(value), Mark(mark.file, mark.line, dict(mark.inside))


@lru_cache(maxsize=64)
def _parse(data: bytes, file: str) -> tuple[dict[str, Any], Mark]:
    """Reading YAML with its places is slow, and the same files are read again and again."""
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Constructor
    try:
        root = yaml.load(BytesIO(data))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise YamlMistakes(
            Problem(file, line, "", f"YAML 写法有误：{error.problem or error.context}")
        ) from None
    except (YAMLError, UnicodeDecodeError, ValueError) as error:
        raise YamlMistakes(Problem(file, 1, "", f"YAML 写法有误：{type(error).__name__}")) from None
    if not isinstance(root, dict):
        raise YamlMistakes(Problem(file, 1, "", "文件应是“键: 值”的形式"))
    value, mark = _plain(root, file, 1)
    return value, mark


def _plain(node: Any, file: str, line: int) -> tuple[Any, Mark]:
    mark = Mark(file, line)
    if isinstance(node, CommentedMap):
        tree: dict[str, Any] = {}
        for key, value in node.items():
            tree[str(key)], mark.inside[str(key)] = _plain(value, file, node.lc.key(key)[0] + 1)
        return tree, mark
    if isinstance(node, CommentedSeq):
        items: list[Any] = []
        for index, value in enumerate(node):
            item, mark.inside[index] = _plain(value, file, node.lc.item(index)[0] + 1)
            items.append(item)
        return items, mark
    if isinstance(node, bool) or node is None:
        return node, mark
    if isinstance(node, ScalarFloat | float):
        return float(node), mark
    if isinstance(node, int):
        return int(node), mark
    return str(node), mark


def merge(base: Any, base_mark: Mark, over: Any, over_mark: Mark) -> tuple[Any, Mark]:
    """`over` on `base`: maps by key (null deletes), lists of things with `id` by id (`deleted: true`
    deletes), everything else is replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        return _merge_maps(base, base_mark, over, over_mark)
    if _by_id(base) and _by_id(over):
        return _merge_lists(base, base_mark, over, over_mark)
    return over, over_mark


def _merge_maps(
    base: dict[str, Any], base_mark: Mark, over: dict[str, Any], over_mark: Mark
) -> tuple[dict[str, Any], Mark]:
    tree = dict(base)
    mark = Mark(over_mark.file, over_mark.line, dict(base_mark.inside))
    for key, value in over.items():
        if value is None:
            tree.pop(key, None)
            mark.inside.pop(key, None)
        elif key in tree:
            tree[key], mark.inside[key] = merge(
                tree[key], base_mark.inside[key], value, over_mark.inside[key]
            )
        else:
            tree[key], mark.inside[key] = value, over_mark.inside[key]
    return tree, mark


def _merge_lists(
    base: list[Any], base_mark: Mark, over: list[Any], over_mark: Mark
) -> tuple[list[Any], Mark]:
    rows = {item["id"]: (item, base_mark.inside[index]) for index, item in enumerate(base)}
    for index, item in enumerate(over):
        if item.get("deleted") is True:
            rows.pop(item["id"], None)
        elif item["id"] in rows:
            rows[item["id"]] = merge(*rows[item["id"]], item, over_mark.inside[index])
        else:
            rows[item["id"]] = (item, over_mark.inside[index])
    mark = Mark(over_mark.file, over_mark.line, {i: row[1] for i, row in enumerate(rows.values())})
    return [row[0] for row in rows.values()], mark


def _by_id(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and "id" in item for item in value)
    )


def locate(tree: Any, field_path: str) -> tuple[tuple[str | int, ...], bool]:
    """A dotted field (`levels.junior.cut.ratio`; list entries by id or index) as a path.

    The second value tells whether a value (not null) stands there; the path goes as far as the tree does,
    with the last key even when it is absent from its map.
    """
    path: list[str | int] = []
    node = tree
    steps = field_path.split(".")
    for number, step in enumerate(steps):
        if isinstance(node, dict) and step in node:
            path.append(step)
            node = node[step]
        elif isinstance(node, list) and (index := _index(node, step)) is not None:
            path.append(index)
            node = node[index]
        else:
            if isinstance(node, dict) and number == len(steps) - 1:
                path.append(step)
            return tuple(path), False
    return tuple(path), node is not None


def _index(items: list[Any], step: str) -> int | None:
    for index, item in enumerate(items):
        if isinstance(item, dict) and item.get("id") == step:
            return index
    return int(step) if step.isdigit() and int(step) < len(items) else None


def dotted(tree: Any, path: tuple[str | int, ...]) -> str:
    """The dotted name of a path, with ids for list entries that have one."""
    names: list[str] = []
    node = tree
    for step in path:
        name = str(step)
        if isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
            if isinstance(node, dict) and "id" in node:
                name = str(node["id"])
        elif isinstance(node, dict):
            node = node.get(str(step))
        names.append(name)
    return ".".join(names)
