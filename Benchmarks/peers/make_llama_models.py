"""Writes GGUF files of Llama-shaped models with random weights, for `attend-bench llama`.

    python make_llama_models.py FOLDER [0.5B|1B|tiny …] [f16|q8_0|q4_0 …]

0.5B: width 1024, 24 layers, 16 heads over 8, feed-forward 4096, vocabulary 32,000 (0.44 billion parameters).
1B: the shape of Llama 3.2 1B: width 2048, 16 layers, 32 heads over 8, feed-forward 8192, vocabulary 128,256, head and
embedding in one (1.24 billion parameters).

Every matrix of a file has the type in the file's name, so that two programs read the same bytes. Numbers come from one
pool of random numbers: speed does not depend on them, and a gigabyte is written in seconds.
Needs numpy and the package `gguf` (llama.cpp's source has it in gguf-py).
"""

import os
import sys

import gguf
import numpy

SHAPES = {
    "tiny": dict(width=256, layers=2, heads=8, kv=4, ff=512, vocabulary=512, tied=False),
    "0.5B": dict(width=1024, layers=24, heads=16, kv=8, ff=4096, vocabulary=32_000, tied=False),
    "1B": dict(width=2048, layers=16, heads=32, kv=8, ff=8192, vocabulary=128_256, tied=True),
}
TYPES = {
    "f16": gguf.GGMLQuantizationType.F16,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
    "q4_0": gguf.GGMLQuantizationType.Q4_0,
}
FILE_TYPES = {
    "f16": gguf.LlamaFileType.MOSTLY_F16,
    "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    "q4_0": gguf.LlamaFileType.MOSTLY_Q4_0,
}
POOL = 1 << 24


def pool_of(kind):
    """Random numbers with a model's spread as rows of 32, in a type."""
    numbers = numpy.random.default_rng(4).standard_normal(POOL, dtype=numpy.float32).reshape(-1, 32) * 0.02
    return gguf.quants.quantize(numbers, TYPES[kind])


def matrix(pool, rows, columns, start):
    """`[rows, columns]`, in the bytes of the pool's type, from a place of its own in the pool on."""
    blocks = rows * columns // 32
    index = start % (len(pool) // 2)
    parts = []
    while blocks > 0:
        part = pool[index : index + blocks]
        parts.append(part)
        blocks -= len(part)
        index = 0
    return numpy.concatenate(parts).reshape(rows, -1)


def vocabulary(writer, count):
    """A vocabulary of the right size for programs that insist on one: bytes, then made-up words."""
    special = ["<unk>", "<s>", "</s>"]
    pieces = [f"<0x{byte:02X}>" for byte in range(256)]
    words = [f"▁w{index}" for index in range(count - len(special) - len(pieces))]
    kinds = [2, 3, 3] + [6] * len(pieces) + [1] * len(words)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(special + pieces + words)
    writer.add_token_scores([0.0] * (len(special) + len(pieces)) + [-float(i) for i in range(len(words))])
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def write(path, name, kind, pool):
    shape = SHAPES[name]
    width, ff, head = shape["width"], shape["ff"], shape["width"] // shape["heads"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"random {name} {kind}")
    writer.add_context_length(16384)
    writer.add_embedding_length(width)
    writer.add_block_count(shape["layers"])
    writer.add_feed_forward_length(ff)
    writer.add_head_count(shape["heads"])
    writer.add_head_count_kv(shape["kv"])
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(500000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(shape["vocabulary"])
    writer.add_file_type(FILE_TYPES[kind])
    vocabulary(writer, shape["vocabulary"])

    start = 0

    def add(tensor, rows, columns):
        nonlocal start
        start += 7919
        data = matrix(pool, rows, columns, start)
        writer.add_tensor(tensor, data, raw_dtype=TYPES[kind])

    add("token_embd.weight", shape["vocabulary"], width)
    for layer in range(shape["layers"]):
        prefix = f"blk.{layer}."
        writer.add_tensor(prefix + "attn_norm.weight", numpy.ones(width, numpy.float32))
        add(prefix + "attn_q.weight", width, width)
        add(prefix + "attn_k.weight", shape["kv"] * head, width)
        add(prefix + "attn_v.weight", shape["kv"] * head, width)
        add(prefix + "attn_output.weight", width, width)
        writer.add_tensor(prefix + "ffn_norm.weight", numpy.ones(width, numpy.float32))
        add(prefix + "ffn_gate.weight", ff, width)
        add(prefix + "ffn_up.weight", ff, width)
        add(prefix + "ffn_down.weight", width, ff)
    writer.add_tensor("output_norm.weight", numpy.ones(width, numpy.float32))
    if not shape["tied"]:
        add("output.weight", shape["vocabulary"], width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    folder, wanted = sys.argv[1], sys.argv[2:]
    names = [name for name in wanted if name in SHAPES] or ["0.5B", "1B"]
    kinds = [kind for kind in wanted if kind in TYPES] or list(TYPES)
    if unknown := set(wanted) - set(SHAPES) - set(TYPES):
        sys.exit(f"neither a size nor a type: {', '.join(sorted(unknown))}")
    os.makedirs(folder, exist_ok=True)
    for kind in kinds:
        pool = None
        for name in names:
            path = os.path.join(folder, f"llama-{name}-{kind}.gguf")
            if os.path.exists(path):
                continue
            pool = pool_of(kind) if pool is None else pool
            write(path + ".part", name, kind, pool)
            os.rename(path + ".part", path)
            print(path)


main()
