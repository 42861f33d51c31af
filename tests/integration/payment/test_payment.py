"""Money that comes in online: forged, repeated, late, wrong; orders after a level change; the close of filing."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts import payment as contract
from contracts.http.payment import Device, Method, OrderState, ProviderName, RecordTransfer, StartPayment
from contracts.lifecycle import Route
from kit.errors import DomainError, NotYet
from services.payment.localprovider.signing import Signer
from services.payment.service import allocation
from tests.integration.payment.world import Local, World, provider_settings


@pytest.mark.clause("F1")
async def test_the_order_is_the_fee_of_the_level_in_fen(world: World) -> None:
    assert (await world.open_order("junior")).amount_fen == 10000
    assert (await world.open_order("intermediate")).amount_fen == 30000
    order = await world.service.read_order(world.application)
    assert (order.level, order.amount_fen, order.state) == ("intermediate", 30000, OrderState.open)


@pytest.mark.clause("E5", "F1")
async def test_the_direct_route_pays_nothing(world: World) -> None:
    opened = await world.open_order("junior", Route.direct)
    assert (opened.amount_fen, opened.paid) == (0, True)


@pytest.mark.clause("F2", "F6")
@pytest.mark.parametrize("provider", list(ProviderName))
async def test_online_from_the_order_to_the_callback(
    served: World, local: Local, provider: ProviderName
) -> None:
    """The real adapters against the local provider: made, paid on its page, told by its signed callback."""
    await served.open_order()
    started = await served.start(provider)
    if provider is ProviderName.alipay:  # its charge exists once the payer has opened the page
        import httpx

        async with httpx.AsyncClient(trust_env=False) as client:
            assert started.pay_url is not None
            assert "￥100.00" in (await client.get(started.pay_url)).text
    else:
        assert started.pay_url == f"{local.url}/pay/{started.payment_id.hex}"
    local.behave(lose=True)
    await local.pay(started.payment_id)
    trade = local.store.get(started.payment_id.hex)
    assert trade is not None
    assert (trade.state, trade.amount_fen, trade.provider) == ("success", 10000, provider.value)
    headers, body = (
        served.wechat(started.payment_id, transaction_id=trade.transaction_id)
        if provider is ProviderName.wechat
        else served.alipay(started.payment_id, transaction_id=trade.transaction_id)
    )
    answer = await served.service.take_callback(provider.value, headers, body)
    assert answer.body == (
        "success" if provider is ProviderName.alipay else '{"code":"SUCCESS","message":"成功"}'
    )
    order = await served.service.read_order(served.application)
    assert (order.paid_fen, order.state, order.money[0].said) == (10000, OrderState.paid, "计入评审费")
    (command,) = await served.commands()
    assert (command["name"], command["body"]["level"]) == ("confirm_payment", "junior")


@pytest.mark.clause("F2")
async def test_a_desk_gets_a_qr_code(served: World, local: Local) -> None:
    await served.open_order()
    started = await served.start(ProviderName.wechat, device=Device.desk)
    assert (started.pay_url, started.qr_text) == (None, f"{local.url}/pay/{started.payment_id.hex}")


@pytest.mark.clause("F2", "F6")
@pytest.mark.parametrize("provider", list(ProviderName))
async def test_ten_callbacks_have_the_effect_of_one(served: World, provider: ProviderName) -> None:
    await served.open_order()
    payment = (await served.start(provider)).payment_id
    for _ in range(10):
        headers, body = served.wechat(payment) if provider is ProviderName.wechat else served.alipay(payment)
        await served.service.take_callback(provider.value, headers, body)
    order = await served.service.read_order(served.application)
    assert (order.paid_fen, order.state) == (10000, OrderState.paid)
    assert len(await served.commands()) == 1
    assert await served.totals() == {"received": -10000, "allocated": 10000, "suspense": 0, "refunded": 0}


def forged_signer() -> Signer:
    """Somebody with a key of their own who knows all else, the API key too."""
    from pydantic import SecretStr

    from tests.integration.payment.world import private

    stranger = provider_settings().model_copy(update={"provider_rsa_key": SecretStr(private("stranger"))})
    return Signer(stranger)


@pytest.mark.clause("F2")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"off": -301}, "callback_refused"),
        ({"off": 310}, "callback_refused"),
        ({"off": -time.time()}, "callback_refused"),
        ({"amount_fen": 9999}, "callback_mismatch"),
        ({"amount_fen": -1}, "callback_mismatch"),
        ({"currency": "USD"}, "callback_mismatch"),
        ({"said": {"mchid": "somebody"}}, "callback_mismatch"),
        ({"said": {"appid": "wxother"}}, "callback_mismatch"),
        ({"number": uuid4().hex}, "unknown_payment"),
        ({"number": "ten"}, "callback_malformed"),
        ({"said": {"amount": {"total": "ten"}}}, "callback_malformed"),
        ({"said": {"success_time": "2025-02-28 10:00:00"}}, "callback_malformed"),
    ],
)
async def test_a_wrong_wechat_callback_changes_nothing(
    served: World, changes: dict[str, Any], code: str
) -> None:
    await served.open_order()
    payment = (await served.start()).payment_id
    at = time.time() + changes.pop("off") if "off" in changes else None
    await refused(served, "wechat", *served.wechat(payment, at=at, **changes), code)


async def refused(world: World, provider: str, headers: dict[str, str], body: bytes, code: str) -> None:
    with pytest.raises(DomainError) as said:
        await world.service.take_callback(provider, headers, body)
    assert said.value.code == code
    assert (await world.service.read_order(world.application)).paid_fen == 0
    assert await world.commands() == []
    assert await world.receipts() == 0


@pytest.mark.clause("F2")
@pytest.mark.parametrize(
    "header", ["wechatpay-nonce", "wechatpay-signature", "wechatpay-serial", "wechatpay-timestamp"]
)
@pytest.mark.parametrize("value", ["", "WECHATPAY/SIGNTEST/x", "7"])
async def test_a_header_that_is_not_the_signed_one(served: World, header: str, value: str) -> None:
    """Also WeChat's own probes, which must fail; and no unknown serial makes us ask the network."""
    await served.open_order()
    headers, body = served.wechat((await served.start()).payment_id)
    await refused(served, "wechat", headers | {header: value}, body, "callback_refused")


@pytest.mark.clause("F2")
async def test_another_body_under_a_good_signature_or_a_strangers_key(served: World) -> None:
    await served.open_order()
    payment = (await served.start()).payment_id
    headers, _ = served.wechat(payment)
    _, other = served.wechat(payment, transaction_id="other")
    await refused(served, "wechat", headers, other, "callback_refused")
    content = served.signer.wechat_trade(served.trade(payment))
    await refused(served, "wechat", *forged_signer().wechat_callback(content), "callback_refused")


@pytest.mark.clause("F2")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"total_amount": "1.00"}, "callback_refused"),
        ({"sign": "bm90IGEgc2lnbmF0dXJl"}, "callback_refused"),
        ({"sign": ""}, "callback_refused"),
        ({"notify_time": "2025-02-28 10:00:00", "sign": None}, "callback_refused"),
        ({"seller_id": "2088999", "sign": None}, "callback_mismatch"),
        ({"app_id": "other", "sign": None}, "callback_mismatch"),
        ({"total_amount": "100.001", "sign": None}, "callback_malformed"),
        ({"total_amount": "NaN", "sign": None}, "callback_malformed"),
        ({"total_amount": "99.99", "sign": None}, "callback_mismatch"),
    ],
)
async def test_a_wrong_alipay_notice_changes_nothing(
    served: World, changes: dict[str, Any], code: str
) -> None:
    """`sign` None: signed by the provider all the same, so that only the content is wrong."""
    from urllib.parse import urlencode

    await served.open_order()
    payment = (await served.start(ProviderName.alipay)).payment_id
    given = served.signer.alipay_notice(served.trade(payment, provider="alipay"))
    changes_ = {**given, **changes}
    if changes_["sign"] is None:
        del changes_["sign"]
        changes_ = served.signer.alipay_signed(changes_)
    await refused(served, "alipay", {}, urlencode(changes_).encode(), code)


@pytest.mark.clause("F2")
async def test_a_replayed_callback_is_refused_and_a_repeated_one_is_not(served: World) -> None:
    await served.open_order()
    headers, body = served.wechat((await served.start()).payment_id)
    await served.service.take_callback("wechat", headers, body)
    with pytest.raises(DomainError) as replayed:
        await served.service.take_callback("wechat", headers, body)
    assert (replayed.value.code, replayed.value.kind.status) == ("callback_replayed", 401)
    assert len(await served.commands()) == 1


@pytest.mark.clause("F2")
async def test_a_callback_for_one_provider_does_not_pay_at_the_other(served: World) -> None:
    await served.open_order()
    payment = (await served.start(ProviderName.alipay)).payment_id
    await refused(served, "wechat", *served.wechat(payment), "callback_mismatch")
    with pytest.raises(DomainError) as unknown:
        await served.service.take_callback("paypal", {}, b"")
    assert unknown.value.code == "unknown_provider"


@pytest.mark.clause("L1", "F6")
async def test_money_is_judged_again_after_a_level_change(served: World) -> None:
    await served.open_order("intermediate")
    payment = (await served.start()).payment_id
    await served.service.take_callback("wechat", *served.wechat(payment, amount_fen=30000))
    down = await served.open_order("junior")
    assert (down.amount_fen, down.paid) == (10000, True)
    assert await served.totals() == {
        "received": -30000,
        "allocated": 10000,
        "suspense": 20000,
        "refunded": 0,
    }
    assert (await served.open_order("intermediate")).paid
    assert (await served.totals())["allocated"] == 30000


@pytest.mark.clause("F2")
async def test_settling_asks_the_provider_and_counts_only_money_of_before_the_end(
    served: World, local: Local
) -> None:
    await served.open_order()
    payment = (await served.start()).payment_id
    local.behave(lose=True)
    deadline = datetime.now(UTC) - timedelta(seconds=2)  # providers say whole seconds
    await local.pay(payment)
    settled = await served.service.settle(contract.Settle(case=served.case(), deadline=deadline))
    assert settled.state is contract.SettleState.unpaid
    after = datetime.now(UTC) + timedelta(seconds=2)
    settled = await served.service.settle(contract.Settle(case=served.case(), deadline=after))
    assert settled.state is contract.SettleState.paid


@pytest.mark.clause("F2")
async def test_nobody_lapses_while_the_provider_cannot_say(served: World, local: Local) -> None:
    await served.open_order()
    await served.start()
    broken = served.parts.providers.get("wechat")
    broken._pay._core._gate_way = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    with pytest.raises(NotYet):
        await served.service.settle(contract.Settle(case=served.case(), deadline=datetime.now(UTC)))


@pytest.mark.clause("F3")
async def test_a_chosen_transfer_is_waited_for_and_its_reference_counts_once(world: World) -> None:
    opened = await world.open_order()
    await world.start(method=Method.transfer)
    deadline = datetime.now(UTC) + timedelta(minutes=1)
    settled = await world.service.settle(contract.Settle(case=world.case(), deadline=deadline))
    assert settled.state is contract.SettleState.waiting
    assert settled.until is not None
    assert settled.until > deadline
    shown = await world.service.read_order(world.application)
    assert "申报已截止" in shown.said
    transfer = RecordTransfer(amount_fen=10000, paid_on=date(2025, 2, 28), bank_reference="20250228-0001")
    for _ in range(2):
        order = await allocation.record_transfer(world.parts, opened.order_id, transfer, uuid4())
    assert (order.paid_fen, order.state) == (10000, OrderState.paid)
    (command,) = await world.commands()
    assert command["effective_at"].startswith("2025-02-28T15:59:59")


@pytest.mark.clause("F6")
async def test_paying_twice_is_refused_and_a_part_does_not_cover(world: World) -> None:
    opened = await world.open_order()
    part = RecordTransfer(amount_fen=4000, paid_on=date(2025, 2, 20), bank_reference="part-1")
    order = await allocation.record_transfer(world.parts, opened.order_id, part, uuid4())
    assert (order.state, order.missing_fen, order.transfer.amount_fen) == (OrderState.open, 6000, 6000)
    rest = RecordTransfer(amount_fen=6000, paid_on=date(2025, 2, 21), bank_reference="part-2")
    order = await allocation.record_transfer(world.parts, opened.order_id, rest, uuid4())
    assert order.state is OrderState.paid
    (command,) = await world.commands()
    assert command["effective_at"].startswith("2025-02-21T15:59:59")
    with pytest.raises(DomainError) as refused_:
        await world.start()
    assert refused_.value.code == "already_paid"


@pytest.mark.clause("F5")
async def test_the_refund_rules_are_ticked_before_paying(world: World) -> None:
    await world.open_order()
    terms = (await world.service.read_order(world.application)).terms
    assert ("before_filed", "full") in [(one.exit, one.outcome) for one in terms.terms]
    assert ("not_qualified", "none") in [(one.exit, one.outcome) for one in terms.terms]
    for ticked in ("", "0" * 16):
        wanted = StartPayment(method=Method.transfer, terms=ticked)
        with pytest.raises(DomainError) as unread:
            await world.service.start_payment(world.application, wanted)
        assert (unread.value.code, unread.value.clause) == ("terms_not_accepted", "F5")
    wanted = StartPayment(method=Method.transfer, terms=terms.digest)
    assert (await world.service.start_payment(world.application, wanted)).order.transfer_chosen_at


@pytest.mark.clause("F2")
async def test_a_provider_that_cannot_be_reached_is_said(world: World) -> None:
    await world.open_order()
    with pytest.raises(DomainError) as down:
        await world.start()
    assert down.value.code == "provider_unavailable"


async def test_no_order_before_submitting(world: World) -> None:
    with pytest.raises(DomainError) as missing:
        await world.service.read_order(uuid4())
    assert (missing.value.code, missing.value.kind.status) == ("no_order", 404)
