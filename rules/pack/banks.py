"""Item files of a pack (`exam/*.yaml`)."""

from pydantic import ValidationError

from contracts.rulepack import Bank, BankItem
from contracts.rulepack.problems import Problem
from rules.pack.loading import LoadedPack, PackError
from rules.pack.messages import schema_problems
from rules.pack.tree import YamlMistakes, parse


def bank(loaded: LoadedPack) -> dict[str, BankItem]:
    """All items of the pack's exam files by ID. Errors: PackError with file and line."""
    items: dict[str, BankItem] = {}
    for name in loaded.pack.exam.bank:
        for item in read_bank(loaded.files.get(name), name).items:
            if item.id in items:
                raise PackError([Problem(name, 1, item.id, "题目编号重复")])
            items[item.id] = item
    return items


def read_bank(data: bytes | None, name: str) -> Bank:
    """One exam file. Errors: PackError when it is missing, no YAML, or not sound."""
    if data is None:
        raise PackError([Problem(name, 1, "", "找不到题库文件")])
    try:
        tree, mark = parse(data, name)
    except YamlMistakes as mistake:
        raise PackError([mistake.problem]) from None
    try:
        return Bank.model_validate(tree)
    except ValidationError as error:
        raise PackError(schema_problems(error, tree, mark)) from None
