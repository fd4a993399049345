"""Names are found by the beginnings of their words, as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.people.name_search import NameSearch, order_key, search_key

FOUND = [
    ("Anna Müller", ["anna", "ANNA m", "mü", "MÜL", "mul", "muel", "müller an", "Mu\u0308"]),
    ("Käthe Weiß", ["kat", "kaet", "weis", "weiss", "WEISS", "wei\u1e9e"]),
    ("Groß-Gerau", ["gross", "ger", "groß g"]),
    ("Işıl Yılmaz", ["isil", "ISIL", "IŞI", "ışı", "yil", "YIL", "YILMAZ"]),
    ("İbrahim Öztürk", ["ib", "IB", "İB", "ibrahim o", "ozt", "oezt", "ÖZTÜRK"]),
    ("Çağla Şahin", ["cag", "sah", "ÇAĞ"]),
    ("Nguyễn Thị Hồng Đặng", ["nguyen", "NGUYEN", "thi", "hong dang", "đă", "dan"]),
    ("Phương", ["phu", "phư", "PHUONG"]),
    ("Алёна Чайковская", ["алена", "АЛЁ", "чаи", "чайк"]),
    ("Łukasz Søren Åsa", ["luk", "sor", "as", "aasa", "łu", "ÅS"]),
    ("Zoe\u0308 Ælfgifu", ["zoë", "zoe", "ael", "æl"]),
    ("Νίκος Παππάς", ["νικος", "ΝΙΚΟΣ", "παπ", "ΠΑΠΠΑΣ"]),
    ("O'Neil, Jean‐Luc", ["o'n", "neil", "jean luc", "luc", "O’Neil"]),
    ("山田 花子", ["山", "花子"]),
    ("김민수", ["김", "김민", "김미"]),  # a syllable that is being typed
    ("🐶 Rex", ["🐶", "rex"]),
    ("ﬁona", ["fio"]),
]


@pytest.mark.parametrize(("name", "typed"), FOUND)
def test_a_name_is_found_by_the_beginning_of_its_words(name: str, typed: list[str]) -> None:
    search = NameSearch({1: name, 2: "Xyz"})
    for each in typed:
        assert search.beginning_with(each) == {1}, each


def test_other_names_are_not_found() -> None:
    search = NameSearch({1: "Anna Müller", 2: "Hanna Muth"})
    assert search.beginning_with("nna") == set()
    assert search.beginning_with("anna muth") == set()
    assert search.beginning_with("mu") == {1, 2}
    assert search.beginning_with("mue") == {1}
    assert search.beginning_with(" - ") == set()


def test_names_are_put_in_order_by_letters_then_accents() -> None:
    names = ["Zoé", "zoe", "Zob", "Özge", "Otto", "anna", "Anna", "Ärmel", "Bea"]
    assert sorted(names, key=order_key) == [
        "anna",
        "Anna",
        "Ärmel",
        "Bea",
        "Otto",
        "Özge",
        "Zob",
        "zoe",
        "Zoé",
    ]


@given(st.lists(st.text(min_size=1, max_size=8), max_size=6), st.text(max_size=3))
def test_every_beginning_finds_what_reading_all_names_finds(names: list[str], typed: str) -> None:
    by_id = dict(enumerate(names))
    search = NameSearch(by_id)
    found = search.beginning_with(typed)
    assert found <= set(by_id)
    for each, name in by_id.items():
        key = search_key(name)
        if key.split() and key.split()[0].isalnum():
            assert each in search.beginning_with(key.split()[0][:2])
