"""Evidence as experts read it: labelled by the pack, without name and unit (P3); files with pupils as pictures only."""

from collections.abc import Iterator, Sequence

from contracts.case import Attribute, EvidenceItem
from contracts.http.review import ShownItem, ShownPair
from contracts.rulepack import FormField, ItemKind, RulePack
from services.review.domain.changes import ROLES


def shown_items(pack: RulePack, items: Sequence[EvidenceItem]) -> tuple[ShownItem, ...]:
    """Items that are blind already (`views.blind_items`), in the order of the notice's six kinds."""
    kinds = {kind.id: (place, kind) for place, kind in enumerate(pack.item_kinds)}
    ordered = sorted(items, key=lambda one: kinds[one.kind][0] if one.kind in kinds else len(kinds))
    return tuple(
        ShownItem(
            item_id=one.id,
            kind=one.kind,
            kind_name=kinds[one.kind][1].label if one.kind in kinds else one.kind,
            title=one.title,
            pairs=tuple(_pairs(pack, kinds[one.kind][1] if one.kind in kinds else None, one)),
            file_ids=one.file_ids,
        )
        for one in ordered
    )


def with_pupils(pack: RulePack, items: Sequence[EvidenceItem]) -> frozenset[str]:
    """Files of items in which pupils appear, as the pack says of their kind."""
    kinds = {kind.id for kind in pack.item_kinds if kind.pupils}
    return frozenset(file_id for one in items if one.kind in kinds for file_id in one.file_ids)


def _pairs(pack: RulePack, kind: ItemKind | None, item: EvidenceItem) -> Iterator[ShownPair]:
    tiers = {tier.id: tier.name for tier in pack.tiers}
    told = (
        ("时间", item.date.text if item.date else ""),
        ("级别", tiers.get(item.tier or "", item.tier or "")),
        ("本人身份", ROLES[item.role.value] if item.role else ""),
        ("主办单位", "、".join(one.name for one in item.organisers)),
    )
    for label, value in told:
        if value:
            yield ShownPair(label=label, value=value)
    fields = {field.id: field for field in kind.fields} if kind is not None else {}
    for name, given in item.attributes.items():
        if name in fields and fields[name].type != "files" and given not in (None, ""):
            yield ShownPair(label=fields[name].label, value=_said(pack, fields[name], given))


def _said(pack: RulePack, field: FormField, given: Attribute) -> str:
    if isinstance(given, bool):
        return "是" if given else "否"
    names = {option.id: option.name for option in field.options}
    if field.source is not None:
        names |= {row.id: row.name for row in getattr(pack, field.source)}
    return f"{names.get(str(given), str(given))}{field.unit}"
