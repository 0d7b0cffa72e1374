"""What names or reaches a person is taken out before anything is written; what helps the answer stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import privacy
from bot.privacy import redact, whole

PHONE = "13912345678"
IDENTITY = "442000199001011234"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"我的电话{PHONE}，请回电", f"我的电话{privacy.PHONE}，请回电"),
        ("打 139-1234-5678 找我", f"打 {privacy.PHONE} 找我"),
        ("１３９１２３４５６７８", privacy.PHONE),
        ("一三九一二三四五六七八", privacy.PHONE),
        (f"身份证{IDENTITY}", f"身份证{privacy.CARD_ID}"),
        ("微信号 lawyer_wang88", f"微信号 {privacy.ACCOUNT}"),
        ("写信到 zhang.san@example.com 吧", f"写信到 {privacy.MAIL} 吧"),
        ("车牌粤T12345 被拖走", f"车牌{privacy.PLATE} 被拖走"),
    ],
)
def test_what_is_personal_goes(said: str, kept: str) -> None:
    """Each kind becomes a placeholder, however it is typed."""
    assert kept == redact(said)


@pytest.mark.parametrize(
    "said",
    ["法律援助法第四十二条怎么说", "拨打 12348 有用吗", "欠我工资 35000 元，从 2024 年 3 月起", "粤司规〔2024〕1号是什么", "2023年5月1日签的合同"],
)  # fmt: skip
def test_what_is_public_stays(said: str) -> None:
    """Public numbers, articles, amounts, dates and document numbers are needed for the answer."""
    assert said == redact(said)


@given(st.text(alphabet="1390一三九幺xX@.-微信号路村栋a 粤T（）", max_size=60))
def test_redacting_twice_is_redacting_once(said: str) -> None:
    """What was redacted before it was stored is not changed when it is shown or stored again."""
    assert redact(said) == redact(redact(said))


@pytest.mark.parametrize(
    "number", [PHONE, "139-1234-5678", IDENTITY, "一三九一二三四五六七八", "１３９１２３４５６７８"]
)
def test_a_number_torn_by_the_cut_goes_whole(number: str) -> None:
    """A text too long is cut; wherever the cut falls, no part of a number is left over."""
    for most in range(20, 20 + len(number)):
        kept = redact(whole("字" * 20 + number + "尾" * 50, most))
        assert "字" * 20 == kept, (most, kept)


def test_a_short_text_is_not_cut() -> None:
    """Neither is one of exactly the length; a number at its end stays a number."""
    assert PHONE == whole(PHONE, len(PHONE))
    assert "字" * 30 == whole("字" * 90, 30)
