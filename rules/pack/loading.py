"""Read a pack from its folder or from its one stored object; both give the same pack and hash (design §4)."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contracts.rulepack import RulePack
from contracts.rulepack.problems import Problem
from rules.pack.messages import schema_problems
from rules.pack.tree import Mark, YamlMistakes, merge, parse

MAIN = "rulepack.yaml"
IGNORED = {"README.md"}


class PackError(Exception):
    """The pack cannot be used; `problems` say where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            "规则包有错误：" + "；".join(f"{p.file}:{p.line} {p.field} {p.message}" for p in problems[:5])
        )
        self.problems = problems


@dataclass(frozen=True)
class Source:
    """A merged tree with its marks and files, before the schema is applied.

    `origins` names each file with the folder that it came from, for messages.
    """

    tree: dict[str, Any]
    mark: Mark
    files: dict[str, bytes]
    origins: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LoadedPack:
    """A valid pack. `files` by path inside the pack (templates, texts, exam items), parents' included."""

    pack: RulePack
    tree: Mapping[str, Any]
    files: Mapping[str, bytes]

    @cached_property
    def _canonical(self) -> bytes:
        encoded = {name: base64.b64encode(data).decode() for name, data in self.files.items()}
        whole = {"files": encoded, "pack": self.tree}
        return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of `canonical()`: also its name in a content-addressed store."""
        return hashlib.sha256(self._canonical).hexdigest()

    def canonical(self) -> bytes:
        """The whole pack as one canonical JSON object, files in base64."""
        return self._canonical


def load(folder: Path) -> LoadedPack:
    """Read the pack in a folder with everything it extends. Errors: PackError (YAML or schema)."""
    return finish(read(folder))


def from_canonical(data: bytes) -> LoadedPack:
    """Read what `canonical()` wrote. Errors: PackError."""
    try:
        whole = json.loads(data)
        files = {name: base64.b64decode(text, validate=True) for name, text in whole["files"].items()}
        tree = whole["pack"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise PackError([Problem(MAIN, 1, "", "存储的规则包无法读取")]) from None
    return finish(Source(tree, Mark(MAIN, 1), files))


def finish(source: Source) -> LoadedPack:
    """Apply the schema. Errors: PackError with every place."""
    try:
        pack = RulePack.model_validate(source.tree)
    except ValidationError as error:
        raise PackError(schema_problems(error, source.tree, source.mark)) from None
    return LoadedPack(pack, source.tree, source.files)


def read(folder: Path, seen: tuple[Path, ...] = ()) -> Source:
    """The merged tree of a folder. Errors: PackError for YAML mistakes, missing or circular parents."""
    main = folder / MAIN
    name = f"{folder.name}/{MAIN}"
    if not main.is_file():
        raise PackError([Problem(name, 1, "", f"找不到 {MAIN}")])
    tree, mark, parts = _with_parts(folder)
    files = _files(folder, {MAIN, *parts})
    origins = {file: f"{folder.name}/{file}" for file in files}
    extends = tree.pop("extends", None)
    if extends is None:
        return Source(tree, mark, files, origins)
    where = mark.inside.pop("extends")
    parent = (folder.parent / str(extends)).resolve()
    if parent in (folder.resolve(), *seen):
        raise PackError([Problem(where.file, where.line, "extends", "extends 绕回了自己")])
    if not (parent / MAIN).is_file():
        raise PackError([Problem(where.file, where.line, "extends", f"找不到上级规则包 {extends}")])
    base = read(parent, (*seen, folder.resolve()))
    merged, merged_mark = merge(base.tree, base.mark, tree, mark)
    return Source(merged, merged_mark, {**base.files, **files}, {**base.origins, **origins})


def _with_parts(folder: Path) -> tuple[dict[str, Any], Mark, tuple[str, ...]]:
    """The main file joined with the files it includes; a key may stand in only one of them."""
    try:
        tree, mark = parse((folder / MAIN).read_bytes(), f"{folder.name}/{MAIN}")
        parts = tree.pop("include", None) or []
        where = mark.inside.pop("include", mark)
        if not isinstance(parts, list):
            raise PackError([Problem(where.file, where.line, "include", "include 应是文件名的列表")])
        for part in parts:
            path = folder / str(part)
            if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
                raise PackError([Problem(where.file, where.line, "include", f"找不到文件 {part}")])
            more, more_mark = parse(path.read_bytes(), f"{folder.name}/{part}")
            for key in more:
                if key in tree:
                    place = more_mark.inside[key]
                    raise PackError([Problem(place.file, place.line, key, "这个字段在别的文件里已经写过")])
            tree.update(more)
            mark.inside.update(more_mark.inside)
    except YamlMistakes as mistake:
        raise PackError([mistake.problem]) from None
    return tree, mark, tuple(str(part) for part in parts)


def _files(folder: Path, not_these: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") or part == "__pycache__" for part in name.split("/"))
        if path.is_file() and not hidden and name not in not_these and name not in IGNORED:
            found[name] = path.read_bytes()
    return found
