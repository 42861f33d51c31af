"""The application as a reviewer reads it: labels and names from the pack, codes resolved, private fields only told."""

from collections.abc import Iterator

from contracts.case import Snapshot
from contracts.http.review import FormLine
from contracts.rulepack import RulePack
from services.review.domain.changes import told
from services.review.domain.desk import Item, items_of

_GROUPS = {"work": "A 工作经历", "trainings": "A 培训", "conditions": "B 申报条件", "evidence": "C 业绩成果"}


def form_lines(pack: RulePack, snapshot: Snapshot) -> tuple[FormLine, ...]:
    """Fields, photo, declarations, then the items in the form's order."""
    return (*_fields(pack, snapshot), *_rest(pack, snapshot), *_items(pack, snapshot))


def _fields(pack: RulePack, snapshot: Snapshot) -> Iterator[FormLine]:
    for section in pack.form.sections:
        for one in section.fields:
            if one.type in ("photo", "names"):
                continue
            if one.private:
                known = snapshot.private_fields.get(one.id)
                value = "已填（不显示）" if known is not None and known.filled else "未填"
                if known is not None and known.suspect:
                    value = f"{value}：{known.suspect}"
            else:
                value = _named(pack, one.id, one.source, snapshot.fields.get(one.id, ""))
            yield FormLine(
                ref=f"field:{one.id}", group=f"{section.id} {section.name}", label=one.label, value=value
            )


def _named(pack: RulePack, field_id: str, source: str | None, value: str) -> str:
    rows = getattr(pack, source) if source is not None else ()
    names = {row.id: row.name for row in rows}
    for section in pack.form.sections:
        for one in section.fields:
            if one.id == field_id:
                names |= {option.id: option.name for option in one.options}
    return str(names.get(value, value))


def _rest(pack: RulePack, snapshot: Snapshot) -> Iterator[FormLine]:
    photo, group = snapshot.photo_file_id, "A 照片和声明"
    files = (photo,) if photo else ()
    yield FormLine(ref="photo", group=group, label="照片", value="已上传" if photo else "未上传", files=files)
    ticked = set(snapshot.declarations)
    texts = [one.text for one in pack.form.declarations if one.id not in ticked and one.required]
    value = "全部勾选" if not texts else f"未勾选：{'；'.join(texts)}"
    yield FormLine(ref="declarations", group=group, label="声明", value=value)
    for old in snapshot.former_names:
        yield FormLine(
            ref="field:former_names", group=group, label="曾用名", value=old.name, files=old.file_ids
        )


def _items(pack: RulePack, snapshot: Snapshot) -> Iterator[FormLine]:
    kinds = {kind.id: kind.label for kind in pack.item_kinds}
    tiers = {tier.id: tier.name for tier in pack.tiers}
    for item_id, (collection, item) in items_of(snapshot).items():
        yield FormLine(
            ref=f"item:{item_id}",
            group=_GROUPS[collection],
            label=_label(item, kinds),
            value=told(item, tiers),
            files=item.file_ids,
        )


def _label(item: Item, kinds: dict[str, str]) -> str:
    return kinds.get(str(getattr(item, "kind", "")), "")
