#!/usr/bin/env python3
"""Writes the type tables of FHIR from the definitions of two packages; README.md beside this file says which.

    generate.py r4 DEFINITIONS_DIR   writes r4.types and extensions.urls
    generate.py r5 MODELS_DIR        writes r5.types
"""

import ast
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
PROFILE = "http://hl7.org/fhir/StructureDefinition/"
ABSTRACT = {
    "Base", "Element", "DataType", "PrimitiveType", "BackboneType", "BackboneElement",
    "Resource", "DomainResource", "CanonicalResource", "MetadataResource",
}
PRIMITIVES = {
    "base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id", "instant", "integer",
    "integer64", "markdown", "oid", "positiveInt", "string", "time", "unsignedInt", "uri", "url", "uuid", "xhtml",
}


def reference(name, targets):
    targets = sorted(t for t in targets if t not in ("Resource", "Any"))
    return f"{name}({'/'.join(targets)})" if targets else name


# R4: StructureDefinitions in Bundles.


def types_of(element):
    if "contentReference" in element:
        return ["@" + element["contentReference"].split("#", 1)[1]]
    found = {}
    for kind in element.get("type", []):
        code = kind["code"].rsplit("/", 1)[-1].replace("System.String", "string")
        targets = [t.rsplit("/", 1)[-1] for t in kind.get("targetProfile", [])] if code == "Reference" else []
        found.setdefault(code, []).extend(targets)
    return [reference(code, targets) for code, targets in found.items()]


def definitions(folder):
    for name in ("profiles-types.json", "profiles-resources.json"):
        for entry in json.loads((folder / name).read_text())["entry"]:
            yield entry["resource"]


def r4(folder):
    blocks = {}
    version = ""
    for definition in definitions(folder):
        if definition["resourceType"] != "StructureDefinition" or definition["kind"] == "primitive-type":
            continue
        if definition.get("derivation") == "constraint":
            continue
        name, version = definition["type"], definition["fhirVersion"]
        base = definition.get("baseDefinition", "").rsplit("/", 1)[-1]
        kind = "abstract" if definition["abstract"] or definition["kind"] == "logical" else definition["kind"].replace("complex-type", "type")
        elements = definition["snapshot"]["element"]
        backbones = {e["path"] for e in elements if any(o["path"].startswith(e["path"] + ".") for o in elements)}
        for element in elements:
            path = element["path"]
            if path == name:
                blocks[name] = (kind, base or "-", [])
                continue
            parent, field = path.rsplit(".", 1)
            kinds = types_of(element)
            if path in backbones and kinds and not kinds[0].startswith("@"):
                blocks[path] = ("backbone", kinds[0], [])
                kinds = ["@" + path]
            if parent == name:
                inherited = inherits(base, field)
            else:
                inherited = inherits(blocks[parent][1], field)
            if not inherited:
                blocks[parent][2].append((field, str(min(element["min"], 1)), element["max"], kinds))
    write("r4.types", version, blocks)
    urls(folder)


INHERITED = {
    "Element": {"id", "extension"},
    "BackboneElement": {"id", "extension", "modifierExtension"},
    "Resource": {"id", "meta", "implicitRules", "language"},
    "DomainResource": {"id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension"},
}


def inherits(base, field):
    return field in INHERITED.get(base, set())


def urls(folder):
    known = set()
    for entry in json.loads((folder / "extension-definitions.json").read_text())["entry"]:
        known.add(entry["resource"]["url"])
    core = sorted(url.removeprefix(PROFILE) for url in known if url.startswith(PROFILE))
    (HERE / "extensions.urls").write_text("".join(f"{name}\n" for name in core))


# R5: the classes of Python models, read and not run.


def models(folder):
    for path in sorted(folder.glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and node.bases:
                yield node


def fields_of(node):
    for line in node.body:
        if not isinstance(line, ast.AnnAssign) or not isinstance(line.value, ast.Call):
            continue
        name = line.target.id
        if name.endswith("__ext") or name in ("resource_type", "fhir_comments"):
            continue
        arguments = {k.arg: k.value for k in line.value.keywords}
        alias = arguments["alias"].value if "alias" in arguments else name
        facts = ast.literal_eval(arguments["json_schema_extra"]) if "json_schema_extra" in arguments else {}
        if alias.startswith("_") or not facts.get("element_property", True):
            continue
        written = ast.unparse(line.annotation)
        found = re.findall(r"fhirtypes\.(\w+?)Type\b", written)
        kind = found[0] if found else {"bool": "boolean", "str": "string"}.get(written.split(" ")[0], "?" + written)
        yield alias, "List[" in written, kind, facts


def r5(folder):
    classes, blocks = {}, {}
    for node in models(folder):
        classes.setdefault(node.name, node)
    names = {}
    lower = {name.lower(): name for name in PRIMITIVES}
    bases = {name: ast.unparse(node.bases[0]).rsplit(".", 1)[-1] for name, node in classes.items()}

    def top(name):
        base = bases.get(name, "")
        return name if base not in bases else base

    def place(name, path):
        names[name] = path
        for alias, _, kind, _ in fields_of(classes[name]):
            if kind == name + alias[:1].upper() + alias[1:] and kind in classes and kind not in names:
                place(kind, f"{path}.{alias}")

    for name in sorted(classes, key=len):
        if name not in names and bases[name] in set(bases) | {"FHIRAbstractModel"}:
            place(name, name)
    for name, path in names.items():
        base = bases[name] if bases[name] != "FHIRAbstractModel" else "-"
        fields = []
        for alias, several, kind, facts in fields_of(classes[name]):
            if kind.lower() in lower and kind not in classes:
                kind = lower[kind.lower()]
            elif names.get(kind, kind) != kind:
                kind = "@" + names[kind]
            if kind in ("Reference", "CodeableReference"):
                kind = reference(kind, facts.get("enum_reference_types", []))
            least = "1" if facts.get("element_required") else "0"
            fields.append((alias, least, "*" if several else "1", [kind]))
        resource = base in ("Resource", "DomainResource", "CanonicalResource", "MetadataResource")
        kind = "backbone" if "." in path else "resource" if resource else "type"
        kind = "abstract" if name in ABSTRACT else kind
        blocks[path] = (kind, base, fields)
    write("r5.types", "5.0.0", blocks)


def write(name, version, blocks):
    lines = [f"version {version}\n"]
    for path, (kind, base, fields) in sorted(blocks.items()):
        lines.append(f"={path} {kind} {base}\n")
        for field, least, most, kinds in fields:
            lines.append(f"{field} {least}{'1' if most == '1' else '*'} {' '.join(kinds)}\n")
    (HERE / name).write_text("".join(lines))


if __name__ == "__main__":
    {"r4": r4, "r5": r5}[sys.argv[1]](pathlib.Path(sys.argv[2]))
