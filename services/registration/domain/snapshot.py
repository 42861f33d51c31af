"""From a draft to the frozen case: the snapshot, the private part, and the hash that the printed code is bound to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from contracts.case import (
    Bar,
    EvidenceItem,
    FormerName,
    PriorCertificate,
    PrivateField,
    PrivatePart,
    Snapshot,
    Training,
    WorkInterval,
    canonical,
)
from contracts.rulepack import FormField
from rules.checks import suspect_text
from services.registration.domain.draft import Draft
from services.registration.domain.shape import Shape

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """`skipped`: items too incomplete to stand in a snapshot (pre-flight only; a submission has none)."""

    snapshot: Snapshot
    private: PrivatePart
    skipped: tuple[str, ...]

    def bound(self) -> str:
        """Everything that the form prints, as one text: the printed code is its keyed hash. Bars are not printed."""
        return (
            canonical(self.snapshot.model_copy(update={"bars": ()})) + b"\n" + canonical(self.private)
        ).decode()


def freeze(
    shape: Shape,
    draft: Draft,
    identity: Mapping[str, str],
    *,
    number: str,
    version: int,
    bars: Iterable[Bar] = (),
) -> Frozen:
    """The case as it stands in the draft. `identity`: values by field ID that come from the person; `bars`:
    decisions against that person that are in force for this round (E9)."""
    skipped: list[str] = []

    def models(model: type[M], collection: str, **more: Any) -> tuple[M, ...]:
        found = []
        for item in draft.items[collection]:
            try:
                found.append(model.model_validate({**_with_files(shape, item), **more}))
            except ValidationError:
                skipped.append(item["id"])
        return tuple(found)

    private = _private(shape, draft, identity)
    snapshot = Snapshot(
        application_number=number,
        level=shape.level.id,
        route=shape.route,
        version=version,
        fields=_public(shape, draft, identity),
        private_fields={
            one.id: PrivateField(
                filled=bool(private.fields.get(one.id)),
                suspect=_suspect(shape, one.id, private),
            )
            for one in shape.fields.values()
            if one.private
        },
        former_names=models(FormerName, "former_names"),
        photo_file_id=draft.photo,
        declarations=tuple(draft.declarations),
        unit_confirmed=tuple(
            one.id for one in shape.pack.form.declarations if one.unit and one.id in draft.declarations
        ),
        work=models(WorkInterval, "work"),
        trainings=models(Training, "trainings"),
        conditions=models(EvidenceItem, "conditions", section="B"),
        evidence=models(EvidenceItem, "evidence", section="C"),
        prior_certificates=models(PriorCertificate, "prior_certificates"),
        bars=tuple(bars),
        field_files={
            one.id: tuple(draft.fields[one.id].split(","))
            for one in shape.fields.values()
            if one.type == "files" and draft.fields.get(one.id)
        },
    )
    return Frozen(snapshot=snapshot, private=private, skipped=tuple(skipped))


def _with_files(shape: Shape, item: Mapping[str, Any]) -> dict[str, Any]:
    """Files that a kind of item asks for beside its proofs are opened and read as these are."""
    kind = shape.item_kinds.get(str(item.get("kind")))
    given = item.get("attributes", {})
    more = [
        one_file
        for one in (kind.fields if kind else ())
        if one.type == "files" and given.get(one.id)
        for one_file in str(given[one.id]).split(",")
    ]
    return (
        {**item, "file_ids": list(dict.fromkeys([*item.get("file_ids", ()), *more]))} if more else dict(item)
    )


def _public(shape: Shape, draft: Draft, identity: Mapping[str, str]) -> dict[str, str]:
    return {
        one.id: value
        for one in shape.fields.values()
        if not one.private and one.type not in ("photo", "names", "files")
        if (value := _value(shape, one, draft.fields, identity))
    }


def _private(shape: Shape, draft: Draft, identity: Mapping[str, str]) -> PrivatePart:
    found = {
        one.id: value
        for one in shape.fields.values()
        if one.private and (value := _value(shape, one, draft.private, identity))
    }
    return PrivatePart(fields=found)


def _value(shape: Shape, one: FormField, typed: Mapping[str, str], identity: Mapping[str, str]) -> str | None:
    """What was typed wins over what the account knows, except for what is fixed by the identity."""
    if shape.fixed(one):
        return identity.get(one.id)
    return typed.get(one.id) or identity.get(one.id)


def _suspect(shape: Shape, field_id: str, private: PrivatePart) -> str | None:
    rule, text = shape.name_rules.get(field_id), private.fields.get(field_id)
    return suspect_text(rule, text) if rule and text else None
