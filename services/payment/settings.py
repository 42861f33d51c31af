"""Settings of the payment service: PAYMENT_… beside the shared FUDAO_…."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class BankColumns(BaseModel):
    """What one bank calls its columns; the first name that is there is taken. Of the amount either `amount` (minus or
    `direction` says what went out) or `credit` and `debit`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    date: tuple[str, ...]
    credit: tuple[str, ...] = ()
    debit: tuple[str, ...] = ()
    amount: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    payer: tuple[str, ...]
    account: tuple[str, ...] = ()
    memo: tuple[str, ...]
    reference: tuple[str, ...] = ()


BANKS = (
    BankColumns(
        id="icbc",
        name="中国工商银行",
        date=("入账日期", "交易日期"),
        credit=("贷方发生额", "收入金额"),
        debit=("借方发生额", "支出金额"),
        payer=("对方户名", "对方单位名称"),
        account=("对方账号",),
        memo=("用途", "摘要", "附言"),
        reference=("凭证号", "交易流水号"),
    ),
    BankColumns(
        id="ccb",
        name="中国建设银行",
        date=("交易时间", "记账日"),
        credit=("贷方发生额/元(收入)", "贷方发生额（收入）"),
        debit=("借方发生额/元(支取)", "借方发生额（支取）"),
        payer=("对方户名",),
        account=("对方账号",),
        memo=("备注", "摘要"),
        reference=("账户明细编号-交易流水号", "交易流水号"),
    ),
    BankColumns(
        id="abc",
        name="中国农业银行",
        date=("交易日期", "交易时间"),
        credit=("收入金额",),
        debit=("支出金额",),
        payer=("对方户名", "对方账户名称"),
        account=("对方账号",),
        memo=("交易附言", "摘要", "交易用途"),
        reference=("日志号", "交易流水号"),
    ),
    BankColumns(
        id="boc",
        name="中国银行",
        date=("交易日期", "交易日期[ Transaction Date ]"),
        amount=("交易金额", "交易金额[ Trade Amount ]"),
        payer=("付款人名称", "付款人名称[ Payer's Name ]"),
        account=("付款人账号", "付款人账号[ Debit Account No. ]"),
        memo=("用途", "交易附言", "交易附言[ Remark ]"),
        reference=("交易流水号", "交易流水号[ Transaction reference number ]"),
    ),
    BankColumns(
        id="crcb",
        name="重庆农村商业银行",
        date=("交易日期",),
        amount=("发生额", "交易金额"),
        direction=("借贷标志", "借贷方向"),
        payer=("对方户名", "对方名称"),
        account=("对方账号",),
        memo=("附言", "备注", "摘要"),
        reference=("流水号", "交易流水号"),
    ),
    BankColumns(
        id="plain",
        name="通用表格（日期、金额、付款人、备注）",
        date=("日期", "到账日期"),
        amount=("金额", "到账金额"),
        payer=("付款人", "付款单位"),
        account=("付款账号",),
        memo=("备注", "附言"),
        reference=("流水号",),
    ),
)


class PaymentSettings(Settings):
    """Keys are PEM or bare base64. `*_gateway`: another address than the provider's own (the local provider).

    WeChat Pay: `wechat_private_key` signs for us (its certificate's `wechat_serial`), `wechat_public_key` checks what
    it says, `wechat_api_key` (32 characters) decrypts it. Alipay: `alipay_private_key` signs for us.
    """

    model_config = SettingsConfigDict(env_prefix="PAYMENT_")

    service: str = "payment"
    wechat_mchid: str = ""
    wechat_appid: str = ""
    wechat_serial: str = ""
    wechat_private_key: SecretStr = SecretStr("")
    wechat_api_key: SecretStr = SecretStr("")
    wechat_public_key: str = ""
    wechat_public_key_id: str = ""
    wechat_gateway: str = ""
    alipay_app_id: str = ""
    alipay_seller_id: str = ""
    alipay_private_key: SecretStr = SecretStr("")
    alipay_public_key: str = ""
    alipay_gateway: str = ""
    public_url: str = ""
    """Our address as providers and payers reach it; empty: the gateway's own."""
    callback_skew: int = 300
    """Seconds that a callback's time may be off."""
    reconcile_every: Annotated[int, Field(ge=1)] = 60
    """Seconds of one cycle: each asks for every payment of whose end nobody has told us (F6)."""
    payment_expires: Annotated[int, Field(ge=300)] = 7200
    """Seconds after which a payment that was begun can no longer be paid."""
    refund_query_after: Annotated[int, Field(ge=1)] = 30
    """Seconds after which a refund is asked for, doubled each time."""
    two_eyes_above_fen: int = 200_000
    """An allotment of more than this waits for a second person (F3)."""
    banks: tuple[BankColumns, ...] = BANKS
    statement_max_bytes: int = 5 * 2**20
    statement_max_lines: int = 20_000
