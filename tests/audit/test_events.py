"""Every kind of leaf against the published schema and a foreign RFC 8785 canonicaliser."""

import copy
import json
import unittest

import jsonschema
import rfc8785

import scene

SCHEMA = json.loads((scene.REFERENCE / "events.schema.json").read_bytes())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def newest(value):
    return SCHEMA["$defs"][value["type"]]["properties"]["v"]["maximum"]


class Events(unittest.TestCase):
    def test_the_schema_is_one(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_the_examples_cover_every_kind_twice(self):
        kinds = [json.loads(leaf)["type"] for leaf in scene.examples()]
        named = [entry["$ref"].removeprefix("#/$defs/") for entry in SCHEMA["oneOf"]]
        self.assertEqual(kinds, named * 2)

    def test_every_leaf_is_valid_and_canonical(self):
        leaves = scene.examples() + scene.leaves()
        self.assertGreater(len(scene.leaves()), 20)
        for leaf in leaves:
            value = json.loads(leaf)
            VALIDATOR.validate(value)
            self.assertEqual(rfc8785.dumps(value), leaf)
            self.assertLessEqual(len(leaf), 16384)

    def test_a_leaf_with_more_less_or_text_is_not_valid(self):
        for leaf in scene.examples():
            value = json.loads(leaf)
            for name in value["data"]:
                for damage in (text_for(name), more(name)):
                    damaged = copy.deepcopy(value)
                    damage(damaged["data"])
                    self.assertFalse(VALIDATOR.is_valid(damaged), f"{name} in {damaged}")
            for change in ({"v": 0}, {"v": newest(value) + 1}, {"more": 1}, {"type": "call.guessed"}, {"id": "1"}):
                self.assertFalse(VALIDATOR.is_valid(value | change), change)

    def test_a_required_member_may_not_be_missing(self):
        for leaf in scene.examples()[len(SCHEMA["oneOf"]):]:
            value = json.loads(leaf)
            for name in value["data"]:
                damaged = copy.deepcopy(value)
                del damaged["data"][name]
                self.assertFalse(VALIDATOR.is_valid(damaged), f"{name} of {value['type']}")


def text_for(name):
    def damage(data):
        data[name] = "Anna \"Smith\", born 1961"
    return damage


def more(name):
    def damage(data):
        data["other"] = data.pop(name)
    return damage


if __name__ == "__main__":
    unittest.main()
