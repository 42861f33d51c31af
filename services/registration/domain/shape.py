"""What a pack's form looks like for one level and route: fields by path, kinds of items, tables to choose from."""

from dataclasses import dataclass, field

from contracts.lifecycle import Route
from contracts.rulepack import FormField, ItemKind, Level, NameRule, Ranked, RulePack

COLLECTIONS = ("work", "trainings", "conditions", "evidence", "former_names", "prior_certificates")
SECTION_OF = {"conditions": "B", "evidence": "C"}
NAME_FIELD = "name"
"""Filled from the identity, as is every field of type `id_number`: nobody types them twice."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The pack seen from one application."""

    pack: RulePack
    level: Level
    route: Route
    fields: dict[str, FormField] = field(default_factory=dict)
    item_kinds: dict[str, ItemKind] = field(default_factory=dict)
    declarations: tuple[str, ...] = ()
    name_rules: dict[str, NameRule] = field(default_factory=dict)

    @property
    def photo_field(self) -> FormField | None:
        """The field that holds the photo, if the form has one."""
        return next((one for one in self.fields.values() if one.type == "photo"), None)

    def fixed(self, one: FormField) -> bool:
        """Whether the field comes from the identity and is never typed."""
        return one.id == NAME_FIELD or one.type == "id_number"

    def kinds_of(self, section: str) -> list[ItemKind]:
        """The kinds of items that section B or C offers here."""
        return [kind for kind in self.item_kinds.values() if kind.section == section]

    def options(self, one: FormField) -> list[tuple[str, str, tuple[str, ...]]]:
        """(id, name, other names) of a choice field, from its own options or a table of the pack."""
        if one.source is None:
            return [(option.id, option.name, ()) for option in one.options]
        rows = getattr(self.pack, one.source)
        return [(row.id, row.name, row.aliases if isinstance(row, Ranked) else ()) for row in rows]


def shape_of(pack: RulePack, level_id: str, route: Route) -> Shape:
    """The shape for a level on offer. KeyError for another level."""
    fields = {one.id: one for section in pack.form.sections for one in section.fields}
    kinds = {
        kind.id: kind
        for kind in pack.item_kinds
        if (not kind.levels or level_id in kind.levels) and route.value in kind.routes
    }
    rules = {rule.field: rule for check in pack.checks for rule in check.names}
    return Shape(
        pack=pack,
        level=pack.level(level_id),
        route=route,
        fields=fields,
        item_kinds=kinds,
        declarations=tuple(one.id for one in pack.form.declarations),
        name_rules=rules,
    )
