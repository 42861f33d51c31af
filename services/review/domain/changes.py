"""Old beside new (Q10): what a correction changed, as a reviewer reads it."""

from collections.abc import Iterator, Mapping

from contracts.case import EvidenceItem, Snapshot, Training, WorkInterval
from contracts.http.review import Change
from contracts.rulepack import RulePack
from services.review.domain.desk import COLLECTIONS, Item, items_of

_NAMES = {"work": "工作经历", "trainings": "培训", "conditions": "B 项", "evidence": "C 项"}


def changes(pack: RulePack, before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Fields, photo, declarations, items in the form's order. What is private is only said to have changed."""
    return (
        *_fields(pack, before, after),
        *_photo(before, after),
        *_ticks(before, after),
        *_items(before, after),
    )


def _fields(pack: RulePack, before: Snapshot, after: Snapshot) -> Iterator[Change]:
    for section in pack.form.sections:
        for one in section.fields:
            old, new = before.fields.get(one.id, ""), after.fields.get(one.id, "")
            if old != new:
                yield Change(ref=f"field:{one.id}", label=one.label, before=old, after=new)
            elif before.private_fields.get(one.id) != after.private_fields.get(one.id):
                yield Change(ref=f"field:{one.id}", label=one.label, before="（不显示）", after="（已改）")


def _photo(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    if before.photo_file_id != after.photo_file_id:
        old, new = before.photo_file_id or "", after.photo_file_id or ""
        yield Change(ref="photo", label="照片", before=old, after=new)


def _ticks(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    if before.declarations != after.declarations:
        old, new = "、".join(before.declarations), "、".join(after.declarations)
        yield Change(ref="declarations", label="声明", before=old, after=new)


def _items(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    old, new = items_of(before), items_of(after)
    for collection in COLLECTIONS:
        ids = [one for one, (name, _) in {**old, **new}.items() if name == collection]
        for item_id in ids:
            was, now = old.get(item_id), new.get(item_id)
            if (was and was[1]) == (now and now[1]):
                continue
            known = now or was
            assert known is not None
            label = f"{_NAMES[collection]}：{title_of(known[1])}"
            yield Change(
                ref=f"item:{item_id}", label=label, before=told(was and was[1]), after=told(now and now[1])
            )


def title_of(item: Item) -> str:
    """How people call an item."""
    return (item.unit if isinstance(item, WorkInterval) else item.title) or "（未命名）"


ROLES = {  # of an evidence item, as people say them
    "first_instructor": "第一指导教师",
    "instructor_unordered": "指导教师（未排序）",
    "instructor": "指导教师",
    "leader": "负责人",
    "participant": "参与",
    "author": "作者",
    "winner": "获奖人",
}


def told(item: Item | None, tiers: Mapping[str, str] | None = None) -> str:
    """An item in one line; empty for none."""
    if item is None:
        return ""
    parts = [title_of(item)]
    if isinstance(item, WorkInterval):
        parts.append(f"{item.start.text}—{item.end.text if item.end else '至今'}")
    else:
        parts.append(item.date.text if item.date else "")
        parts.append("、".join(one.name for one in item.organisers))
    if isinstance(item, Training):
        parts.append(f"{item.hours} 学时" if item.hours is not None else "")
    if isinstance(item, EvidenceItem):
        tier = (tiers or {}).get(item.tier or "", item.tier or "")
        parts.extend((tier, ROLES[item.role.value] if item.role else "", item.named_person))
        parts.extend(f"{name}={value}" for name, value in item.attributes.items())
    parts.append(f"附件 {len(item.file_ids)} 个")
    return " · ".join(one for one in parts if one)
