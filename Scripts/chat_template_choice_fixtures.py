#!/usr/bin/env python3
"""Writes Tests/AttentionTemplatesTests/Fixtures/chat_template_choice.json: folders with templates in several places,
and the template that transformers takes of them.

    .venv/bin/python Scripts/chat_template_choice_fixtures.py

    [{files: {name: content}, plain, tools, empty: with an empty list of tools, named: {name: …}}], each the text that
    comes of it, or null where transformers finds no template. Each template is a text of its own.
"""
import itertools
import json
import os
import tempfile

from transformers import AutoTokenizer

TOKENIZER = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
    "post_processor": None, "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"a": 0, "[UNK]": 1}, "unk_token": "[UNK]"}}

# What each place may hold. The first is nothing.
PLACES = {
    "jinja": [{}, {"chat_template.jinja": "jinja"}],
    "additional": [
        {}, {"additional_chat_templates/tool_use.jinja": "additional tool_use"},
        {"additional_chat_templates/rag.jinja": "additional rag", "additional_chat_templates/default.jinja": "additional default"},
        {"additional_chat_templates/é.jinja": "composed", "additional_chat_templates/notes.txt": "no template"}],
    "config": [
        None, "config", [{"name": "default", "template": "list default"}, {"name": "tool_use", "template": "list tool_use"}],
        [{"name": "tool_use", "template": "list tool_use alone"}], [{"name": "only", "template": "list only"}],
        [{"name": "default", "template": "first"}, {"name": "default", "template": "second"}],
        {"default": "object default", "rag": "object rag"}],
}
NAMES = ["default", "tool_use", "rag", "only", "é"]
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]


def outcome(tokenizer, tools, name):
    # A name that the model does not have would be taken for a template's text.
    if name is not None and not (isinstance(tokenizer.chat_template, dict) and name in tokenizer.chat_template):
        return None
    try:
        return tokenizer.apply_chat_template([{"role": "user", "content": "a"}], tools=tools, chat_template=name, tokenize=False)
    except ValueError:
        return None


def case(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {**files, "tokenizer.json": json.dumps(TOKENIZER)}.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return {
            "files": files, "plain": outcome(tokenizer, None, None), "tools": outcome(tokenizer, TOOLS, None),
            "empty": outcome(tokenizer, [], None), "named": {name: outcome(tokenizer, None, name) for name in NAMES}}


def main():
    cases = []
    for jinja, additional, config in itertools.product(*PLACES.values()):
        settings = {"tokenizer_class": "PreTrainedTokenizerFast", **({} if config is None else {"chat_template": config})}
        cases.append(case({**jinja, **additional, "tokenizer_config.json": json.dumps(settings, ensure_ascii=False)}))
    path = os.path.join(os.path.dirname(__file__), "../Tests/AttentionTemplatesTests/Fixtures/chat_template_choice.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(cases, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
    print(len(cases), "folders")


if __name__ == "__main__":
    main()
