"""Makes Tests/AttentionGrammarsTests/Fixtures/verdicts.json: schemas with instances that are valid and invalid
by the Python library `jsonschema`.

The schemas are what pydantic writes for typical models, what tools of chat models declare, and all keywords that
are implemented. The instances are an example of each schema, changed at random with a seed.

    python schema_fixtures.py Tests/AttentionGrammarsTests/Fixtures
    python schema_fixtures.py --check lines.tsv     # judges schema TAB instance, both as JSON strings
"""

import copy
import datetime
import enum
import json
import pathlib
import random
import sys
import uuid
from typing import Annotated, Literal, Optional, Union

import jsonschema
import pydantic


class Colour(enum.Enum):
    red = "red"
    green = "green"


class Address(pydantic.BaseModel):
    street: str
    zip: str = pydantic.Field(pattern=r"^\d{5}$")
    country: Literal["DE", "FR"] = "DE"


class Person(pydantic.BaseModel):
    name: str = pydantic.Field(min_length=1, max_length=20)
    age: int = pydantic.Field(ge=0, lt=150)
    size: Optional[float] = pydantic.Field(None, gt=0.5, le=2.75)
    favourite: Colour = Colour.red
    addresses: list[Address] = pydantic.Field(default=[], max_length=2)
    tags: set[Literal["a", "b", "c"]] = set()
    born: Optional[datetime.date] = None
    id: Optional[uuid.UUID] = None
    scores: dict[str, int] = {}


class Cat(pydantic.BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int


class Dog(pydantic.BaseModel):
    kind: Literal["dog"] = "dog"
    breed: str


class Owner(pydantic.BaseModel):
    pet: Annotated[Union[Cat, Dog], pydantic.Field(discriminator="kind")]


class Node(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    value: Union[int, str]
    children: list["Node"] = []


class Pair(pydantic.BaseModel):
    both: tuple[int, str]
    when: datetime.datetime
    price: Annotated[float, pydantic.Field(multiple_of=0.25)]


NAME = {"type": "string", "minLength": 1}

CASES = [
    (Person.model_json_schema(), {"name": "Ann", "age": 3, "size": 1.5, "favourite": "red", "addresses": [
        {"street": "x", "zip": "12345", "country": "FR"}], "tags": ["a", "c"], "born": "2024-02-29",
        "id": "123e4567-e89b-12d3-a456-426614174000", "scores": {"x": 1}}),
    (Owner.model_json_schema(), {"pet": {"kind": "cat", "lives": 9}}),
    (Node.model_json_schema(), {"value": 1, "children": [{"value": "a", "children": []}]}),
    (Pair.model_json_schema(), {"both": [1, "a"], "when": "2024-01-31T12:00:00Z", "price": 2.75}),
    ({"type": "object", "properties": {"location": {"type": "string", "description": "city"}, "unit": {
        "type": "string", "enum": ["celsius", "fahrenheit"]}, "days": {"type": "integer", "minimum": 1,
        "maximum": 7}}, "required": ["location"], "additionalProperties": False},
     {"location": "Paris", "unit": "celsius", "days": 3}),
    ({"type": "object", "properties": {"name": {"const": "search"}, "arguments": {"type": "object",
        "properties": {"query": NAME, "limit": {"type": ["integer", "null"]}}, "required": ["query", "limit"],
        "additionalProperties": False}}, "required": ["name", "arguments"]},
     {"name": "search", "arguments": {"query": "x", "limit": None}}),
    ({"oneOf": [{"const": 1}, {"const": 1.0}, {"const": "a"}]}, "a"),
    ({"oneOf": [{"const": {"a": 1, "b": 2}}, {"const": {"b": 2, "a": 1}}, {"const": {"a": 2}}]}, {"a": 2}),
    ({"allOf": [{"enum": [1, 2, {"a": [1, 2.0]}]}, {"enum": [1.0, {"a": [1.0, 2]}]}]}, {"a": [1, 2]}),
    ({"enum": ["\u00e9", "e\u0301", None, False, [0], {"x": {}}]}, "\u00e9"),
    ({"type": "object", "properties": {"\u00e9": {"type": "integer"}}, "required": ["\u00e9", "e\u0301"]},
     {"\u00e9": 1, "e\u0301": 2}),
    ({"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$", "minLength": 3, "maxLength": 8}, "ab-cd"),
    ({"type": "string", "pattern": "^(a|bc)|d$", "maxLength": 4}, "axy"),
    ({"allOf": [{"pattern": "[0-9]"}, {"pattern": "[a-z]"}, {"minLength": 3}], "type": "string"}, "a1b"),
    ({"type": "string", "not": {"pattern": "^x"}, "maxLength": 3}, "abc"),
    ({"type": "string", "pattern": "\\bcat\\b", "maxLength": 9}, "a cat!"),
    ({"type": "string", "pattern": "^(?=.*[0-9])(?=.*[a-z])(?!ab).{4,6}$"}, "x1yz"),
    ({"type": "array", "items": {"enum": ["a", "b", "c", 1]}, "uniqueItems": True, "minItems": 2}, ["a", "b"]),
    ({"type": "object", "patternProperties": {"^x": {"type": "integer"}, "y$": {"minimum": 3}},
      "additionalProperties": {"type": "string"}, "properties": {"xa": {"maximum": 9}}},
     {"xa": 5, "xy": 4, "other": "s"}),
    ({"type": "object", "minProperties": 2, "maxProperties": 3, "properties": {"a": {"type": "integer"},
        "b": {}, "c": {}, "d": {"type": "null"}}, "required": ["a"]}, {"a": 1, "b": 2, "d": None}),
    ({"type": "object", "propertyNames": {"pattern": "^[a-c]{1,2}$"}, "minProperties": 1}, {"ab": 1, "c": {}}),
    ({"type": "object", "properties": {"a": {}, "b": {"type": "integer"}}, "dependentRequired": {"a": ["b"]}},
     {"a": 1, "b": 2}),
    ({"type": "object", "properties": {"kind": {"enum": ["x", "y"]}, "n": {}}, "required": ["kind"],
      "if": {"properties": {"kind": {"const": "x"}}}, "then": {"required": ["n"], "properties": {
          "n": {"type": "integer"}}}, "else": {"properties": {"n": {"type": "string"}}}}, {"kind": "x", "n": 1}),
    ({"type": "array", "contains": {"type": "integer", "minimum": 5}, "minContains": 2, "maxContains": 3,
      "maxItems": 6}, [5, 6, "a"]),
    ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": {"type": "null"},
      "minItems": 1}, [1, "a", None]),
    ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "array", "items": [{"type": "integer"}, {
        "type": "string"}], "additionalItems": False}, [1, "a"]),
    ({"type": "number", "minimum": 0.5, "exclusiveMaximum": 12.25}, 1.5),
    ({"type": "number", "minimum": -3.75, "maximum": -0.125}, -1.5),
    ({"type": "number", "multipleOf": 0.25, "minimum": -2, "maximum": 100}, 2.75),
    ({"type": "integer", "multipleOf": 7, "minimum": -50, "maximum": 9223372036854775807}, 14),
    ({"type": "integer", "minimum": -9223372036854775808, "maximum": 9223372036854775807},
     9223372036854775807),
    ({"type": "integer", "not": {"minimum": 3, "maximum": 10}}, 11),
    ({"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]}, 2.5),
    ({"anyOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}],
      "not": {"required": ["a", "b"]}}, {"a": 1}),
    ({"type": "object", "properties": {"a": {"type": "integer"}}, "not": {"properties": {"a": {"const": 3}},
        "required": ["a"]}}, {"a": 4}),
    ({"type": "string", "format": "date"}, "2024-02-29"),
    ({"type": "string", "format": "ipv4"}, "127.0.0.1"),
    ({"type": "string", "format": "ipv6"}, "2001:db8::1:0"),
    ({"type": "string", "format": "uuid"}, "123e4567-e89b-12d3-a456-426614174000"),
    ({"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {
        "$ref": "#/$defs/b"}], "unevaluatedProperties": False, "$defs": {"b": {"properties": {"b": {
            "type": "string"}}}}}, {"a": 1, "b": "x"}),
    ({"type": "array", "items": {"$ref": "#/$defs/t"}, "$defs": {"t": {"anyOf": [{"type": "integer"}, {
        "type": "array", "items": {"$ref": "#/$defs/t"}, "maxItems": 2}]}}}, [1, [2, [3]]]),
]

WORDS = ["", "a", "b", "ab", "abc", "x", "xy", "a1", "red", "cat", "12345", "é", "e\u0301", "a-b", "  ", "abcdefghi"]
NAMES = ["a", "b", "c", "d", "x", "xy", "ay", "other", "kind", "name", "é"]
NUMBERS = [0, 1, 2, 3, 5, 7, 10, -1, -50, 150, 0.5, 0.25, 1.0, 2.75, 2.76, 12.25, 12.2, -3.75, -0.125, 1e2]


def scalar(random):
    return random.choice([random.choice(WORDS), random.choice(NUMBERS), None, True, False, [], {}])


def places(value, place=()):
    yield place
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, place + (index,))
    if isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, place + (name,))


def changed(value, random):
    """The value with one to three changes."""
    holder = [copy.deepcopy(value)]
    for _ in range(random.randint(1, 3)):
        place = (0,) + random.choice(list(places(holder[0])))
        parent = holder
        for step in place[:-1]:
            parent = parent[step]
        item = parent[place[-1]]
        kind = random.randrange(4)
        if isinstance(item, list) and kind:
            if kind == 1:
                item.append(copy.deepcopy(random.choice(item)) if item else scalar(random))
            elif kind == 2 and item:
                del item[random.randrange(len(item))]
            else:
                item.insert(random.randint(0, len(item)), scalar(random))
        elif isinstance(item, dict) and kind:
            if kind == 1 and item:
                del item[random.choice(sorted(item))]
            else:
                item[random.choice(NAMES)] = scalar(random)
        elif isinstance(item, str) and kind:
            at = random.randint(0, len(item))
            parent[place[-1]] = random.choice(
                [item[:at] + random.choice("ab19-:. éx") + item[at:], item[:at] + item[at + 1:], item[at:] + item[:at]])
        elif isinstance(item, (int, float)) and not isinstance(item, bool) and kind:
            parent[place[-1]] = random.choice([item + 1, item - 1, -item, item + 0.25, float(item), item * 7])
        else:
            parent[place[-1]] = scalar(random)
    return holder[0]


def validator(schema):
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


def main():
    if sys.argv[1] == "--check":
        wrong = count = 0
        for line in open(sys.argv[2], encoding="utf-8"):
            schema, instance = (json.loads(json.loads(part)) for part in line.rstrip("\n").split("\t"))
            count += 1
            if not validator(schema).is_valid(instance):
                wrong += 1
                print("invalid:", json.dumps(instance), "for", json.dumps(schema)[:200])
        print(f"{count} instances, {wrong} invalid")
        return sys.exit(wrong > 0)
    result = []
    for number, (schema, example) in enumerate(CASES):
        generator = random.Random(number)
        judge = validator(schema)
        assert judge.is_valid(example), (schema, example)
        valid, invalid = {json.dumps(example, ensure_ascii=False): 0}, {}
        for _ in range(600):
            instance = changed(example, generator)
            text = json.dumps(instance, ensure_ascii=False)
            # Python's words are those of all scripts, and its large floats are rounded.
            if "e+" in text or r"\\b" in json.dumps(schema) and not text.isascii():
                continue
            kept = valid if judge.is_valid(instance) else invalid
            if len(kept) < 16 and len(text) < 400:
                kept[text] = 0
        result.append({"schema": schema, "valid": list(valid), "invalid": list(invalid)})
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in result)
    (folder / "verdicts.json").write_text("[\n" + lines + "\n]\n", encoding="utf-8")


main()
