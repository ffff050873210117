"""Sex, age and species as people write them, and as archives want them."""

import pytest

from behavior.files.subject_cells import parse_age, parse_sex, parse_species


@pytest.mark.parametrize(
    ("cell", "age"), [("P70D", "P70D"), ("8 Weeks", "P8W"), ("1.5 years", "P1.5Y"), ("12day", "P12D"), ("P1W/", "P1W/")]
)
def test_ages_are_durations(cell: str, age: str) -> None:
    assert parse_age(cell) == age


@pytest.mark.parametrize("cell", ["P", "PT", "70", "W10", "10 fortnights", "P10", "2024-05-01"])
def test_what_is_no_age_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="expected an age"):
        parse_age(cell)


def test_sexes_and_species_have_one_reading() -> None:
    assert [parse_sex(cell) for cell in ("male", "F", "u", "")] == ["M", "F", "U", ""]
    assert [parse_species(cell) for cell in ("Mouse", "rat", "Mus musculus", "")] == [
        "Mus musculus",
        "Rattus norvegicus",
        "Mus musculus",
        "",
    ]
    assert parse_species("http://purl.obolibrary.org/obo/NCBITaxon_10090").endswith("10090")
    with pytest.raises(ValueError, match="expected M, F"):
        parse_sex("w")
    with pytest.raises(ValueError, match="Latin"):
        parse_species("Maus")
