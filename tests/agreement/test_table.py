from __future__ import annotations

import pytest

from annotations.agreement.coefficients.table import Unreadable, as_numbers, as_sets, read_table


def test_cells_are_text_and_nothing_is_missing():
    table = read_table("\ufeff1, b ,\r\n\r\n-,,0\r\n".encode())
    assert table.rows == [["1", "b", None], ["-", None, "0"]]
    assert table.readers is table.units is None


def test_names_are_read_where_they_are_said_to_be():
    data = b"who,s1,s2\nAda,1,0\nBo,,1\n"
    table = read_table(data, header=True, names=True)
    assert (table.rows, table.readers, table.units) == ([["1", "0"], [None, "1"]], ["Ada", "Bo"], ["s1", "s2"])
    assert read_table(data).rows[0] == ["who", "s1", "s2"]
    assert read_table(b"s1,s2\n1,0\n1,1", header=True).units == ["s1", "s2"]
    assert read_table(b"Ada,1\nBo,0", names=True).rows == [["1"], ["0"]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "nothing was read"),
        (b"\n\n", "nothing was read"),
        (b"1,2,3", "at least two readers"),
        (b"1,2\n1", "Row 2 has 1 cells, the first one 2"),
        (b"1,\xff\n1,2", "not UTF-8 text: byte 2"),
        (b'1,"2\n1,2', "not CSV"),
        (b"\n".join([b"1"] * 201), "201 readers, more than 200"),
        (b"\n".join([b"1" + b",1" * 100_000] * 2), "200,002 cells, more than 200,000"),
        (b"1" * 8_000_001, "more than 8,000,000 bytes"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(data, said):
    with pytest.raises(Unreadable, match=said):
        read_table(data)


def test_a_table_of_names_alone_is_refused():
    with pytest.raises(Unreadable, match="no columns of values"):
        read_table(b"Ada\nBo", names=True)


def test_numbers():
    assert as_numbers([["1", None], ["-2.5", "1e3"]]) == [[1, None], [-2.5, 1000]]
    for value in ("one", "nan", "inf", "1e101"):
        assert as_numbers([["1", value]]) is None


def test_sets():
    assert as_sets([["c|u", "c+u", "u  c", "c", "-", "{}", None]]) == [
        [frozenset("cu")] * 3 + [frozenset("c"), frozenset(), frozenset(), None]
    ]
    for cell in ("|", "c|-", "+ +"):
        with pytest.raises(Unreadable, match="is no set of tags"):
            as_sets([[cell]])
