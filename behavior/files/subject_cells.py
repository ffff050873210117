"""What the manifest says of an animal besides its name, as archives want it: sex, age and species."""

from __future__ import annotations

import re

__all__ = ["parse_age", "parse_sex", "parse_species"]

_SEXES = {"m": "M", "male": "M", "f": "F", "female": "F", "u": "U", "unknown": "U", "o": "O", "other": "O"}
_SPECIES = {"mouse": "Mus musculus", "rat": "Rattus norvegicus"}
_UNITS = {"day": "D", "week": "W", "month": "M", "year": "Y"}

_DURATION = (
    r"P(?=\d|T\d)(?:\d+(?:\.\d+)?Y)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?W)?(?:\d+(?:\.\d+)?D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?"
)
_LATIN_NAME = r"[A-Z][a-z]+ [a-z]+(?: [\w.-]+)*"
_TAXON = r"https?://purl\.obolibrary\.org/obo/NCBITaxon_\d+"


def parse_sex(cell: str) -> str:
    """Return M, F, O (other) or U (unknown); ValueError for anything else.

    >>> parse_sex("female"), parse_sex("M"), parse_sex("")
    ('F', 'M', '')
    """
    if cell and cell.casefold() not in _SEXES:
        raise ValueError("expected M, F, O (other) or U (unknown)")
    return _SEXES.get(cell.casefold(), "")


def parse_age(cell: str) -> str:
    """Return an age as an ISO 8601 duration, or two as a range; ValueError for what is neither that nor a number with its unit.

    >>> parse_age("10 weeks"), parse_age("P70D"), parse_age("P10W/P12W")
    ('P10W', 'P70D', 'P10W/P12W')
    """
    if not cell:
        return ""
    if re.fullmatch(rf"{_DURATION}(?:/(?:{_DURATION})?)?", cell):
        return cell
    worded = re.fullmatch(r"(\d+(?:\.\d+)?) ?(day|week|month|year)s?", cell.casefold())
    if worded is None:
        raise ValueError("expected an age such as '10 weeks' or P70D, or a range such as P10W/P12W")
    return f"P{worded[1]}{_UNITS[worded[2]]}"


def parse_species(cell: str) -> str:
    """Return the Latin name of a species, or its address in the NCBI taxonomy; ValueError for anything but these, mouse and rat.

    >>> parse_species("mouse"), parse_species("Peromyscus maniculatus")
    ('Mus musculus', 'Peromyscus maniculatus')
    """
    name = _SPECIES.get(cell.casefold(), cell)
    if name and not re.fullmatch(f"{_LATIN_NAME}|{_TAXON}", name):
        raise ValueError("expected a Latin name such as 'Mus musculus'")
    return name
