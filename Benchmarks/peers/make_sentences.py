#!/usr/bin/env python3
"""Writes English sentences for the embedding benchmark, one a line, the same ones in every run.

    python make_sentences.py FILE [--count 1000] [--seed 1]

Each sentence is a chain of clauses from a small grammar: 5 to 60 tokens of BERT's vocabulary, about 20 in the mean.
"""

import argparse
import random
from pathlib import Path

ADJECTIVES = """quiet old bright narrow patient careful distant hungry clever wooden silver frozen gentle sudden ordinary
    curious broken early heavy honest modern northern public rapid rusty sleepy steep useful wild
    young""".split()
NOUNS = """teacher river engine garden neighbour harbour letter market doctor window mountain student machine forest
    painter village bridge captain library clock kitchen farmer museum journey question station scientist lantern
    orchard archive""".split()
VERBS = """watched carried repaired painted followed described measured forgot remembered crossed studied opened sold
    borrowed answered counted explained protected visited photographed""".split()
ADVERBS = "slowly twice again carefully almost never often yesterday quietly together".split()
PLACES = ["near the {n}", "behind the {a} {n}", "in the middle of the {n}", "beside a {n}", "under the {a} {n}",
          "on the way to the {n}", "without a {n}", "between the {n} and the {n}"]
LINKS = [", and", ", but", " because", " while", " after", ", although", ", so that", " before"]
ENDINGS = [".", ".", ".", ".", ".", "!", "?"]


class Writer:
    """Draws words and clauses from one seeded source."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def noun(self) -> str:
        name = self.random.choice(NOUNS)
        return f"{self.random.choice(ADJECTIVES)} {name}" if self.random.random() < 0.5 else name

    def place(self) -> str:
        text = self.random.choice(PLACES)
        while "{" in text:
            text = text.replace("{n}", self.random.choice(NOUNS), 1)
            text = text.replace("{a}", self.random.choice(ADJECTIVES), 1)
        return text

    def clause(self) -> str:
        parts = ["the", self.noun(), self.random.choice(VERBS)]
        if self.random.random() < 0.35:
            parts.insert(2, self.random.choice(ADVERBS))
        parts += ["the", self.noun()]
        if self.random.random() < 0.55:
            parts.append(self.place())
        return " ".join(parts)

    def sentence(self) -> str:
        if self.random.random() < 0.06:
            return f"The {self.random.choice(NOUNS)} {self.random.choice(VERBS)}."
        count = self.random.choices((1, 2, 3, 4, 5), weights=(42, 32, 15, 8, 3))[0]
        text = self.clause()
        for _ in range(count - 1):
            text += f"{self.random.choice(LINKS)} {self.clause()}"
        return text[0].upper() + text[1:] + self.random.choice(ENDINGS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    writer = Writer(arguments.seed)
    lines = [writer.sentence() for _ in range(arguments.count)]
    arguments.file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
