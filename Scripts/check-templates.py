#!/usr/bin/env python3
"""Renders every chat template of a folder with `attend prompt` and with the reference, and says where they differ.

    python3 -m venv venv && venv/bin/pip install transformers==5.24.0 jinja2==3.1.6
    venv/bin/python Scripts/check-templates.py FOLDER [ATTEND]

FOLDER holds *.jinja; ATTEND is the program, by default .build/release/attend. Where the reference refuses a conversation,
attend must refuse it in the same words; where the reference fails, attend must fail.
"""
import json
import subprocess
import sys
from pathlib import Path

import jinja2.defaults

# llama.cpp's own, which some templates in its collection use.
jinja2.defaults.DEFAULT_FILTERS["from_json"] = json.loads

from chat_template_fixtures import CONVERSATIONS, TOKENS, render


def attend(program, template, conversation):
    """The text, or the message of the error in a list."""
    given = {
        "messages": conversation["messages"], "tools": conversation.get("tools"),
        "add_generation_prompt": conversation.get("add", True), **TOKENS, **conversation.get("variables", {})}
    done = subprocess.run(
        [program, "prompt", "--template", template, "--json", "-"], input=json.dumps(given), capture_output=True, text=True)
    return json.loads(done.stdout)["text"] if done.returncode == 0 else [done.stderr]


def main():
    folder, program = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ".build/release/attend"
    counts = {"same": 0, "refused": 0, "failed": 0, "different": 0}
    for path in sorted(folder.glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        for name, conversation in CONVERSATIONS.items():
            expected = render(source, conversation)
            found = attend(program, str(path), conversation)
            if isinstance(found, str):
                outcome = "same" if found == expected else "different"
            elif expected is None:
                outcome = "failed"
            else:
                words = expected[0][:40].split("\n")[0] if isinstance(expected, list) else None
                outcome = "refused" if words is not None and words in found[0] else "different"
            counts[outcome] += 1
            if outcome == "different":
                print(f"{path.name}, {name}:\n  reference {str(expected)[:300]!r}\n  attend    {str(found)[:300]!r}")
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    sys.exit(counts["different"] > 0)


main()
