"""Names in tables are replaced where they are names of behaviors, spreadsheets' formulas and commas or not."""

from __future__ import annotations

from behavior.files.table_renaming import rename_header, rename_table


def test_other_columns_and_cells_stay_as_they_are() -> None:
    table = 'fold,behavior,value,reason\ngroom,groom,0.10,"none, of groom"\ngroom,rear,,\n'
    renamed = rename_table(
        table, rename=lambda name: {"groom": "a, b"}.get(name, name), rename_words=lambda text: text.replace("groom", "x")
    )
    assert renamed == 'fold,behavior,value,reason\ngroom,"a, b",0.10,"none, of x"\ngroom,rear,,\n'


def test_apostrophes_before_formulas_are_no_part_of_names() -> None:
    there = {"=a": "=b"}
    assert rename_table("behavior\n'=a\n", rename=lambda name: there.get(name, name), rename_words=str) == "behavior\n'=b\n"
    assert rename_header("'=a,c\n1,2\n", rename=lambda name: there.get(name, name)) == "'=b,c\n1,2\n"
