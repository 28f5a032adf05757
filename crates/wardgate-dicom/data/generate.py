"""Writes makers.tsv from the recipe `deid.dicom` of the PyPI package deid: python3 generate.py RECIPE > makers.tsv

A rule is taken over when all that it asks for can be said in a row: the maker, and the model, the type of image or the
whole size. Rules that ask for other attributes (descriptions, dates, the mark of burned-in text) are left out: their
areas would be blanked in pictures that they do not mean.
"""

import re
import sys

CELLS = {"Modality": 1, "ImageType": 3, "Manufacturer": 4, "Manfacturer": 4, "ManufacturerModelName": 5}
# Words of the recipe that no data set holds in that attribute.
MODALITIES = {"CT", "US", "PT", "NM"}
HEAD = """\
# Areas of pictures in which devices of certain makers write who the patient is. Facts of the recipe `deid.dicom` of the
# PyPI package deid {version} (MIT), most of which come from the rules of RSNA's Clinical Trial Processor; see README.md.
# The cells are those of src/devices/shipped.tsv. Written by generate.py.
# burned	modality	class	type	maker	model	size	do	areas	source
"""


def rules(lines):
    """Each rule as its name, who measured it, what it asks for, and its areas."""
    rule = None
    for line in lines:
        line = line.strip()
        if line.startswith("%filter"):
            section = line.split()[1]
        if line.startswith("LABEL"):
            name, _, by = line[len("LABEL") :].partition("#")
            rule = {"name": name.strip(), "by": by.strip(" ()\n"), "asks": [], "areas": [], "section": section}
            yield rule
        elif rule is not None and re.match(r"\+?\s*(contains|equals|missing|empty|present)\b", line):
            rule["asks"].append(line.lstrip("+ "))
        elif rule is not None and re.match(r"(ctp)?coordinates\s", line):
            sides = [int(side) for side in line.split(maxsplit=1)[1].replace(" ", "").split(",")]
            if line.startswith("coordinates"):
                # From corner to corner, where the others give width and height.
                sides[2:] = [sides[2] - sides[0], sides[3] - sides[1]]
            rule["areas"].append(",".join(map(str, sides)))


def row(rule):
    """The cells of a rule, or none where a row cannot say it."""
    cells = ["-"] * 10
    size = {"Columns": ["*"], "Rows": ["*"]}
    for ask in rule["asks"]:
        if "||" in ask:
            # Either of two attributes: the one that a row knows is the smaller set, and safe to take.
            ask = next((one.strip() for one in ask.split("||") if "ImageType" in one), ask)
        how, _, rest = ask.partition(" ")
        attribute, _, words = rest.strip().partition(" ")
        if how == "equals" and attribute in size:
            size[attribute] = words.split("|")
        elif how == "contains" and attribute in CELLS:
            cells[CELLS[attribute]] = ",".join(words.strip().upper().split("|"))
        else:
            return None
    cells[6] = ",".join(f"{columns}x{rows}" for columns in size["Columns"] for rows in size["Rows"])
    if cells[6] == "*x*":
        cells[6] = "-"
    sized = cells[6] != "-" and "*" not in cells[6]
    named = cells[4] != "-" and (cells[5] != "-" or cells[3] != "-" or sized)
    if not rule["areas"] or not named or not set(cells[1].split(",")) <= MODALITIES | {"-"}:
        return None
    cells[7:] = ["blank", "; ".join(rule["areas"]), f"deid: {rule['name']}" + (f" ({rule['by']})" if rule["by"] else "")]
    return cells


def main():
    with open(sys.argv[1], encoding="utf-8") as recipe:
        cells = [row(rule) for rule in list(rules(recipe)) if rule["section"] == "graylist"]
    left_out = sum(one is None for one in cells)
    seen = {"\t".join(one[:9]): one for one in cells if one is not None}
    print(HEAD.format(version="0.4.13"), end="")
    for one in sorted(seen.values(), key=lambda one: (one[4], one[5], one[6])):
        print("\t".join(one))
    print(f"{len(seen)} rows, {left_out} rules left out", file=sys.stderr)


main()
