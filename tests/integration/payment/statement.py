"""A statement of 300 lines as a bank exports it, and what has to become of each line."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = ("交易日期", "发生额", "借贷标志", "对方户名", "对方账号", "附言", "流水号")
SCHOOL = "重庆市渝北区实验小学"


@dataclass(frozen=True, kw_only=True)
class Person:
    """An applicant; `fee` in yuan."""

    number: str
    name: str
    unit: str
    level: str = "junior"

    @property
    def fee(self) -> int:
        return 100 if self.level == "junior" else 300


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line and its outcome: `code` of the match, and who has what of it (yuan) afterwards."""

    cells: tuple[str, ...]
    code: str
    shares: tuple[tuple[str, int], ...] = ()


SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
GIVEN = (
    "晓明",
    "丽华",
    "建国",
    "志强",
    "雨桐",
    "思远",
    "子涵",
    "佳怡",
    "文博",
    "海燕",
    "春梅",
    "国庆",
    "欣然",
)


def people() -> list[Person]:
    """240 ordinary ones, twelve of one school, namesakes."""
    found = [
        Person(
            number=f"2024-{'I' if n % 4 == 0 else 'J'}-{n:05}",
            name=SURNAMES[n % 20] + GIVEN[n // 20],
            unit=f"重庆市第{n}中学校",
            level="intermediate" if n % 4 == 0 else "junior",
        )
        for n in range(1, 241)
    ]
    found += [Person(number=f"2024-J-01{n:03}", name=f"钟{GIVEN[n]}", unit=SCHOOL) for n in range(12)]
    found += [
        Person(number="2024-J-02001", name="欧阳静", unit="重庆市江北中学校"),
        Person(number="2024-J-02002", name="欧阳静", unit="重庆市南坪中学校"),
        Person(number="2024-J-02003", name="秦小雨", unit="重庆市綦江中学校"),
        Person(number="2024-J-02004", name="秦小雨", unit="重庆市綦江中学校"),
        Person(number="2024-J-02005", name="买买提·艾力", unit="重庆市西藏中学校"),
    ]
    return found


def lines() -> list[Line]:
    """300 of them: 200 by number, 20 by name and unit, and 80 of every oddity."""
    everybody = people()
    number = iter(range(1, 1000))

    def cells(
        yuan: int | str, payer: str, memo: str, *, way: str = "贷", day: str = "2025-02-20"
    ) -> tuple[str, ...]:
        return (day, str(yuan), way, payer, f"62284800{next(number):08}", memo, f"LS{next(number):010}")

    found: list[Line] = []
    for one in everybody[:200]:
        found.append(
            Line(
                cells=cells(f"{one.fee}.00", one.name, f"{one.number}{one.unit}{one.name}"),
                code="allocated",
                shares=((one.number, one.fee),),
            )
        )
    for one in everybody[200:220]:
        full_width = str(one.fee).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
        found.append(
            Line(
                cells=cells(full_width, one.unit, f"{one.unit}　{one.name}  评审费"),
                code="allocated",
                shares=((one.number, one.fee),),
            )
        )
    for one in everybody[220:230]:  # a wrong character in the name
        typo = one.name[:-1] + "某"
        found.append(Line(cells=cells(one.fee, one.unit, f"{one.unit}{typo}"), code="typo"))
    for one in everybody[230:235]:  # the number is right, the amount too little
        found.append(
            Line(
                cells=cells(60, one.name, f"{one.number} {one.name}"),
                code="allocated",
                shares=((one.number, 60),),
            )
        )
    for one in everybody[235:240]:  # name and unit are right, the amount is not
        found.append(Line(cells=cells(one.fee - 1, one.unit, f"{one.unit}{one.name}"), code="amount"))
    found += _odd(everybody, cells)
    return found


def _odd(everybody: list[Person], cells: object) -> list[Line]:
    make = cells
    assert callable(make)
    first, second, third = everybody[0], everybody[1], everybody[2]
    names = "、".join(one.name for one in everybody[240:252])
    found = [
        Line(cells=make(1200, SCHOOL, f"{SCHOOL}{names}评审费"), code="many"),
        Line(
            cells=make(100, "欧阳静", "江北中学校 欧阳静"), code="allocated", shares=(("2024-J-02001", 100),)
        ),
        Line(
            cells=make(100, "欧阳静", "重庆市南坪中学校欧阳静"),
            code="allocated",
            shares=(("2024-J-02002", 100),),
        ),
        Line(cells=make(100, "秦小雨", "重庆市綦江中学校秦小雨"), code="same_name_same_unit"),
        Line(
            cells=make(100, "秦小雨", "綦江中学校秦小雨 2024-J-02004"),
            code="allocated",
            shares=(("2024-J-02004", 100),),
        ),
        Line(
            cells=make(100, "买买提艾力", "西藏中学校 买买提•艾力"),
            code="allocated",
            shares=(("2024-J-02005", 100),),
        ),
        Line(  # paid a second time
            cells=make(first.fee, first.name, f"{first.number} {first.name} 再次"),
            code="allocated",
            shares=((first.number, first.fee),),
        ),
        Line(  # somebody else's number beside a name
            cells=make(second.fee, second.name, f"{third.number} {second.unit} {second.name}"),
            code="conflict",
        ),
        Line(cells=make(-100, "钟退费", "退评审费", way="借"), code="outgoing"),
        Line(cells=make(100, "某银行", "退汇 账号户名不符"), code="returned"),
    ]
    found += [Line(cells=make(100, f"路人{n}公司", f"货款{n}"), code="unknown") for n in range(30)]
    found += [Line(cells=make(5 + n, "某某物业", "水电费", way="借"), code="outgoing") for n in range(10)]
    found += [Line(cells=make(50 + n, "=cmd|'/c calc'!A0", "@SUM(1+1)"), code="unknown") for n in range(10)]
    return found


def as_csv(rows: list[Line]) -> str:
    """As the bank writes it: a title line, headers, a line of totals at the end."""
    body = "\r\n".join(",".join(f'"{cell}"' for cell in row.cells) for row in rows)
    return f"重庆农村商业银行账户明细\r\n{','.join(HEAD)}\r\n{body}\r\n合计,,,,,,\r\n"
