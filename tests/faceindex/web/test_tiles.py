"""How tiles are put below headings, part by part, and how old somebody is in a year."""

from faceindex.web.tiles import UNDATED, Heading, age_in, grouped


def test_a_heading_is_shown_once_though_its_tiles_come_in_two_parts() -> None:
    first = grouped([(Heading("2020"), 1), (Heading("2019"), 2)], 4, "next", None)
    rest = grouped([(Heading("2019"), 3), (Heading("2018"), 4)], 4, None, first.last)
    shown = [
        (each.heading and each.heading.text, each.tiles) for part in (first, rest) for each in part.groups
    ]
    assert shown == [("2020", (1,)), ("2019", (2,)), (None, (3,)), ("2018", (4,))]


def test_tiles_of_which_none_has_a_date_have_no_heading() -> None:
    undated = [(Heading(UNDATED), 1), (Heading(UNDATED), 2)]
    assert [each.heading for each in grouped(undated, 2, None, None).groups] == [None]
    mixed = grouped([(Heading("2020"), 0), *undated], 3, None, None)
    assert [each.heading for each in mixed.groups] == [Heading("2020"), Heading(UNDATED)]
    assert grouped([], 0, None, None).groups == ()


def test_an_age_needs_a_birth_before_it() -> None:
    assert age_in(2020, "2010-05-17") == 10
    assert age_in(2010, "2010") == 0
    assert age_in(2009, "2010") is None
    assert age_in(2020, None) is None
