"""The provider's pay page and bill."""

import html
import io

from services.payment.domain.fees import yuan
from services.payment.localprovider.signing import beijing
from services.payment.localprovider.store import Trade

_NAMES = {"wechat": "微信支付（演示）", "alipay": "支付宝（演示）"}
_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{name}</title>
<style>body{{font:17px/1.6 -apple-system,"PingFang SC","Noto Sans CJK SC",sans-serif;max-width:26rem;margin:2rem auto;
padding:0 1rem;color:#1f2d3d}}h1{{font-size:1.25rem}}.sum{{font-size:2.5rem;margin:.5rem 0}}
button{{width:100%;padding:.9rem;font:inherit;background:{colour};color:#fff;border:0;border-radius:.5rem}}
a{{color:#0b5cad}}.note{{color:#5a6b7b;font-size:.9rem}}</style>
<h1>{name}</h1><p>{description}</p><p class="sum">￥{yuan}</p>{rest}</html>"""
_BUTTON = (
    '<form method="post"><button>确认支付</button></form>'
    '<p class="note">这是演示用的支付页面，不会产生真实扣款。</p>'
)


def pay_page(trade: Trade) -> str:
    """The one button, or that it is done and the way back."""
    rest = _BUTTON
    if trade.state == "success":
        back = html.escape(trade.return_url, quote=True)
        link = f'<p><a href="{back}">返回申报页面查看</a></p>' if trade.return_url else ""
        rest = f"<p><strong>支付成功。</strong></p>{link}"
    return _PAGE.format(
        name=_NAMES[trade.provider],
        colour="#07863f" if trade.provider == "wechat" else "#0b5cad",
        description=html.escape(trade.description),
        yuan=yuan(trade.amount_fen),
        rest=rest,
    )


def wechat_bill(trades: list[Trade]) -> bytes:
    """A day's charges in the form of WeChat Pay's trade bill: every cell behind a back-tick."""
    out = io.StringIO()
    out.write("﻿交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,应结订单金额\r\n")
    for one in trades:
        cells = (
            beijing(one.succeeded_at or 0),
            "-",
            "-",
            one.transaction_id or "",
            one.number,
            "SUCCESS",
            yuan(one.amount_fen),
        )
        out.write(",".join(f"`{cell}" for cell in cells) + "\r\n")
    total = sum(one.amount_fen for one in trades)
    out.write(f"总交易单数,应结订单总金额\r\n`{len(trades)},`{yuan(total)}\r\n")
    return out.getvalue().encode()


def alipay_bill(trades: list[Trade]) -> bytes:
    """The same in the form of Alipay's: GBK, with remarks behind #."""
    lines = ["#支付宝业务明细查询", "支付宝交易号,商户订单号,业务类型,订单金额（元）"]
    lines += [f"{one.transaction_id}\t,{one.number}\t,交易,{yuan(one.amount_fen)}" for one in trades]
    return "\r\n".join([*lines, "#业务明细列表结束"]).encode("gbk")
