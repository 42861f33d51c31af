"""The ledger guards itself: entries sum to zero, no account of a receipt falls below zero, nothing is altered; what had
come in before the ledger is booked.

Revision 0003 after 0002.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_GUARD = """
create function posting_guard() returns trigger language plpgsql as $$
begin
  -- one after another on a receipt: each sees what the others have booked
  perform 1 from receipt where id = new.receipt_id for no key update;
  if (select sum(amount_fen) from posting where entry_id = new.entry_id) <> 0 then
    raise exception 'entry does not sum to zero' using errcode = '23514', constraint = 'ck_posting_balanced';
  end if;
  if (select -sum(amount_fen) from posting where receipt_id = new.receipt_id and account = 'received')
     is distinct from (select amount_fen from receipt where id = new.receipt_id) then
    raise exception 'receipt differs from its booking' using errcode = '23514', constraint = 'ck_posting_received';
  end if;
  if exists (select 1 from posting where receipt_id = new.receipt_id and account <> 'received'
             group by account, application_id having sum(amount_fen) < 0) then
    raise exception 'account overdrawn' using errcode = '23514', constraint = 'ck_posting_overdrawn';
  end if;
  return null;
end $$
"""
_BOOKED = """
create function receipt_guard() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from posting where receipt_id = new.id and account = 'received') then
    raise exception 'receipt is not booked' using errcode = '23514', constraint = 'ck_receipt_booked';
  end if;
  return null;
end $$
"""
_FROZEN = """
create function ledger_frozen() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is only added to' using errcode = '23514', constraint = 'ck_ledger_frozen';
end $$
"""
_TRIGGERS = """
create constraint trigger posting_guard after insert on posting deferrable initially deferred
  for each row execute function posting_guard();
create constraint trigger receipt_guard after insert on receipt deferrable initially deferred
  for each row execute function receipt_guard();
create trigger ledger_frozen before update or delete on posting for each row execute function ledger_frozen();
create trigger ledger_frozen before update or delete on entry for each row execute function ledger_frozen();
create trigger ledger_frozen before delete on receipt for each row execute function ledger_frozen();
create trigger ledger_frozen_amount before update of amount_fen, source, transaction_id on receipt
  for each row execute function ledger_frozen();
"""
_BOOK_WHAT_WAS = """
insert into entry (id, key, kind, booked_at) select gen_random_uuid(), 'receive/' || id, 'receive', received_at
  from receipt;
insert into posting (entry_id, line, account, receipt_id, amount_fen)
  select e.id, 1, 'received', r.id, -r.amount_fen from receipt r join entry e on e.key = 'receive/' || r.id;
insert into posting (entry_id, line, account, receipt_id, application_id, amount_fen)
  select e.id, 2, 'suspense', r.id, r.application_id, r.amount_fen
  from receipt r join entry e on e.key = 'receive/' || r.id;
create table allot as
  select * from (
    select r.id, r.application_id, least(r.amount_fen, o.amount_fen - coalesce(sum(r.amount_fen) over (
      partition by r.application_id order by r.effective_at, r.id
      rows between unbounded preceding and 1 preceding), 0)) as amount_fen
    from receipt r join orders o on o.application_id = r.application_id and o.state <> 'replaced') as part
  where amount_fen > 0;
insert into entry (id, key, kind) select gen_random_uuid(), 'allocate/migrated/' || id, 'allocate' from allot;
insert into posting (entry_id, line, account, receipt_id, application_id, amount_fen)
  select e.id, side.line, side.account, a.id, a.application_id, side.sign * a.amount_fen
  from allot a join entry e on e.key = 'allocate/migrated/' || a.id
  cross join (values (1, 'suspense', -1), (2, 'allocated', 1)) as side (line, account, sign);
drop table allot;
"""


def upgrade() -> None:
    for part in _BOOK_WHAT_WAS.split(";\n"):
        if part.strip():
            op.execute(part)
    for part in (_GUARD, _BOOKED, _FROZEN, *_TRIGGERS.split(";\n")):
        if part.strip():
            op.execute(part)
    op.execute("alter table payment drop constraint ck_payment_state")
    op.create_check_constraint(
        op.f("ck_payment_state"), "payment", "state in ('started', 'succeeded', 'closed')"
    )
    op.create_check_constraint(
        op.f("ck_receipt_source"), "receipt", "source in ('wechat', 'alipay', 'local', 'bank')"
    )
    op.create_check_constraint(
        op.f("ck_receipt_odd"), "receipt", "odd in ('duplicate', 'partial', 'over', 'late', 'unknown')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_receipt_odd"), "receipt")
    op.drop_constraint(op.f("ck_receipt_source"), "receipt")
    for trigger, table in (
        ("posting_guard", "posting"),
        ("receipt_guard", "receipt"),
        ("ledger_frozen", "posting"),
        ("ledger_frozen", "entry"),
        ("ledger_frozen", "receipt"),
        ("ledger_frozen_amount", "receipt"),
    ):
        op.execute(f"drop trigger {trigger} on {table}")
    for function in ("posting_guard", "receipt_guard", "ledger_frozen"):
        op.execute(f"drop function {function}()")
