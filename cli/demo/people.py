"""Generated applicants: names, schools of Chongqing's districts, ID numbers with a valid check digit, phones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cli.demo.chance import dice
from contracts.rulepack import RulePack

RARE_NAME = "王䶮"
DOTTED_NAME = "迪丽娜尔·艾尼"
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程魏苏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"  # noqa: E501
_GIVEN_M = "伟强磊洋勇军杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁博文轩哲翰毅睿诚海东志远建国思源天佑"
_GIVEN_F = "芳娜敏静丽艳娟霞秀英玲燕慧莉桂兰红梅琴云洁雪琳晶欣怡佳颖梦婷瑶雅诗涵语彤若曦晓萌春蕾"
_ETHNICITIES = ("汉族",) * 16 + ("土家族", "苗族", "回族", "侗族")
_WORDS = "树人育才星光长江嘉陵凤鸣启明新桥南坪石门龙泉清溪宏图博雅求精明德朝阳两江江滨云帆"
_KINDS = ("小学", "中学", "实验学校", "外国语学校", "青少年活动中心", "科技馆")
_STREETS = ("学府路", "滨江路", "人民路", "建设大道", "松石支路", "文化街", "新华路", "桃源大道")
_COLLEGES = ("重庆师范大学", "西南大学", "重庆大学", "长江师范学院", "重庆文理学院", "四川师范大学")
_MAJORS = ("科学教育", "物理学", "生物科学", "教育技术学", "计算机科学与技术", "化学")
_SUBJECTS = ("小学科学", "信息科技", "初中物理", "高中生物", "通用技术", "科技活动组织")
_TITLES = ("一级教师", "二级教师", "高级教师", "讲师", "无")
_POSITIONS = ("教师", "科技辅导员", "教研组长", "科技活动部主任", "无")
_PHONES = ("136", "138", "139", "150", "158", "177", "186", "189")
_OTHER_REGIONS = ("510104", "510107", "511602", "520103", "420106")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, kw_only=True)
class Person:
    """One applicant as they would describe themselves; nobody who exists."""

    index: int
    name: str
    gender: str
    birth_date: date
    id_number: str
    phone: str
    ethnicity: str
    district: str
    district_name: str
    unit: str
    unit_address: str
    postal_address: str
    postcode: str
    email: str
    school: str
    subject: str
    title: str
    position: str


def check_digit(first_17: str) -> str:
    """The 18th character of an ID number (GB 11643)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return "10X98765432"[total % 11]


def people(seed: str, count: int, pack: RulePack) -> tuple[Person, ...]:
    """`count` different people: no two share a name, an ID number or a phone. The first two have unusual names."""
    districts = [(one.id, one.name) for one in pack.districts]
    names, numbers = set[str](), set[str]()
    made = []
    for index in range(count):
        chance = dice(seed, "person", index)
        gender = "female" if index == 1 else chance.choice(("male", "female"))
        name = _name(chance, index, gender, names)
        born = date(1970, 1, 1) + timedelta(days=chance.randrange(0, 28 * 365))
        number = _id_number(chance, [one for one, _ in districts], born, gender, numbers)
        made.append(_person(chance, index, name, gender, born, number, chance.choice(districts)))
    return tuple(made)


def _name(chance: random.Random, index: int, gender: str, used: set[str]) -> str:
    if index < 2:
        used.add((RARE_NAME, DOTTED_NAME)[index])
        return (RARE_NAME, DOTTED_NAME)[index]
    given = _GIVEN_M if gender == "male" else _GIVEN_F
    while True:
        name = chance.choice(_SURNAMES) + "".join(chance.sample(given, chance.choice((1, 2, 2, 2))))
        if name not in used:
            used.add(name)
            return name


def _id_number(chance: random.Random, regions: Sequence[str], born: date, gender: str, used: set[str]) -> str:
    while True:
        region = chance.choice(_OTHER_REGIONS) if chance.random() < 0.2 else chance.choice(regions)
        order = chance.randrange(0, 500) * 2 + (gender == "male")
        first = f"{region}{born:%Y%m%d}{order:03d}"
        number = first + check_digit(first)
        if number not in used:
            used.add(number)
            return number


def _person(
    chance: random.Random,
    index: int,
    name: str,
    gender: str,
    born: date,
    number: str,
    district: tuple[str, str],
) -> Person:
    at = chance.randrange(0, len(_WORDS) - 1, 2)
    unit = f"重庆市{district[1]}{_WORDS[at : at + 2]}{chance.choice(_KINDS)}"
    address = f"重庆市{district[1]}{chance.choice(_STREETS)}{chance.randrange(1, 300)}号"
    return Person(
        index=index,
        name=name,
        gender=gender,
        birth_date=born,
        id_number=number,
        # eight digits count the people, in an order of their own, so that no phone comes twice
        phone=f"{_PHONES[index % len(_PHONES)]}{(index * 7_919_317 + 20_250_214) % 10**8:08d}",
        ethnicity="维吾尔族" if name == DOTTED_NAME else chance.choice(_ETHNICITIES),
        district=district[0],
        district_name=district[1],
        unit=unit,
        unit_address=address,
        postal_address=f"{address}{unit}",
        postcode=f"40{chance.randrange(0, 10**4):04d}",
        email=f"teacher{index + 1:03d}@example.com",
        school=f"{chance.choice(_COLLEGES)}{chance.choice(_MAJORS)}专业",
        subject=chance.choice(_SUBJECTS),
        title=chance.choice(_TITLES),
        position=chance.choice(_POSITIONS),
    )
