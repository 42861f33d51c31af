"""The one-page 更正页 (Q10): what a correction changes in the printed form, old beside new, by label."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.registration.domain.printing import Labelled, printed_lines
from services.registration.domain.shape import Shape
from services.registration.domain.snapshot import Frozen

_NONE = "（没有）"


@dataclass(frozen=True, kw_only=True)
class Amendment:
    """One line of the page."""

    label: str
    before: str
    after: str


def amendments(
    shape: Shape, before: Frozen, after: Frozen, paths: Sequence[str], identity_labels: Mapping[str, str]
) -> tuple[Amendment, ...]:
    """What differs at these paths, in their order; nothing for what the form does not print."""
    old = printed_lines(shape, before.snapshot, before.private, identity_labels)
    new = printed_lines(shape, after.snapshot, after.private, identity_labels)
    return tuple(
        _amendment(old.get(path), new.get(path))
        for path in dict.fromkeys(_place(shape, one) for one in paths)
        if path in old or path in new
    )


def _place(shape: Shape, path: str) -> str:
    """Former names stand in a field of their own."""
    if not path.startswith("former_names."):
        return path
    names = next((one.id for one in shape.fields.values() if one.type == "names"), None)
    return f"fields.{names}" if names else path


def _amendment(old: Labelled | None, new: Labelled | None) -> Amendment:
    label = (new or old or Labelled(label="", text="")).label
    before, after = (one.text if one and one.text else _NONE for one in (old, new))
    if before == after:
        after = "更换照片" if before == "照片一张" else "更换附件，文字不变"
    return Amendment(label=label, before=before, after=after)


def page_data(form: Mapping[str, Any], made: Sequence[Amendment], filed: int) -> dict[str, Any]:
    """What the template gets. `form`: data of the form as corrected; `filed`: the version that stays otherwise."""
    return {
        **{name: form[name] for name in ("title", "subtitle", "number", "version", "seal_first")},
        "filed": str(filed),
        "rows": [{"label": one.label, "before": one.before, "after": one.after} for one in made],
    }


def page_texts(data: Mapping[str, Any]) -> Iterator[Labelled]:
    """Every text that the applicant typed, with its label."""
    for row in data["rows"]:
        for text in (row["before"], row["after"]):
            yield Labelled(label=row["label"], text=text)
