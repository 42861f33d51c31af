"""What is missing of each application stands beside its state: a district's list counts and pages in the database.

Revision 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_VOID = "'FormTakenBack', 'DraftDiscarded'"


def _in(fact: str, *voids: str) -> str:
    """Whether the timeline's newest word on a fact of filing is that it is there."""
    said = ", ".join((f"'{fact}'", *voids))
    return f"""coalesce((
      select t.type = '{fact}' and not coalesce((t.data ->> 'reversed')::boolean, false)
      from timeline t where t.application_id = c.application_id and t.type in ({said})
      order by t.occurred_at desc, t.seq desc limit 1), false)"""  # noqa: S608


_FORM, _SCAN, _FEE = _in("FormSubmitted", _VOID), _in("ScanReceived", _VOID), _in("PaymentReceived")
_KNOWN = f"""
update known_case c set missing = case
  when stage = 'ended' then array[case when status = 'lapsed' then 'lapsed' else 'ended' end]
  when stage in ('correction', 'exam', 'defence') and action_required_by <> 'nobody' then array[stage]
  when stage <> 'filing' then array['waiting']
  when status <> 'submitted' and not {_FORM} then array['submit']
  when {_SCAN} and {_FEE} then array['waiting']
  else array_remove(array[case when not {_SCAN} then 'scan' end, case when not {_FEE} then 'fee' end], null)
end
"""  # noqa: S608


def upgrade() -> None:
    op.add_column(
        "known_case",
        sa.Column("missing", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.create_index("ix_person_district", "person", ["district"])
    op.execute(_KNOWN)


def downgrade() -> None:
    op.drop_index("ix_person_district", table_name="person")
    op.drop_column("known_case", "missing")
