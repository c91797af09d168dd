#!/usr/bin/env python3
"""Makes Tests/AttentionFilesTests/Fixtures/blocks.gguf with the reference library for GGUF files.

    .venv/bin/python Scripts/gguf_fixtures.py

Metadata of every type, and tensors:
    source           F32 [2, 256], numbers with zeros, a constant block and one of a single sign among them
    TYPE             [2, 256]: for the simple types `source` as the reference rounds it; for the K types, which the
                     package reads and does not make, any bits, with scales around 2⁻⁶
    TYPE.numbers     F32 [2, 256], what the reference reads from TYPE
"""
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFWriter, quants

TYPES = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "F16", "BF16", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
SCALES = {"Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,)}

path = Path(__file__).parent.parent / "Tests/AttentionFilesTests/Fixtures/blocks.gguf"
random = np.random.default_rng(70)
source = random.standard_t(4, (2, 256)).astype(np.float32)
source[0, :32] = 0
source[0, 32:64] = 1.5
source[1, 32:64] = np.abs(source[1, 32:64])
source[1, 64:96] *= 1e-9

writer = GGUFWriter(path, "test")
writer.add_uint8("uint8", 255)
writer.add_int8("int8", -128)
writer.add_uint16("uint16", 65535)
writer.add_int16("int16", -32768)
writer.add_uint32("uint32", 2**32 - 1)
writer.add_int32("int32", -(2**31))
writer.add_uint64("uint64", 2**64 - 1)
writer.add_int64("int64", -(2**63))
writer.add_float32("float32", 0.1)
writer.add_float64("float64", 0.1)
writer.add_bool("bool", True)
writer.add_string("string", "ä\0€")
writer.add_array("strings", ["", "two", "🙂"])
writer.add_array("integers", [1, -2, 3])
writer.add_array("floats", [0.5, -0.25])
writer.add_array("bools", [True, False])
writer.add_tensor("source", source)
for name in TYPES:
    type = GGMLQuantizationType[name]
    if name in SCALES:
        length, width = GGML_QUANT_SIZES[type]
        data = random.integers(0, 256, (2, 256 // length * width), dtype=np.uint8)
        for scale in SCALES[name]:
            data[:, scale : scale + 2] = np.array([0.0123, -0.0211], dtype=np.float16).view(np.uint8).reshape(2, 2)
    else:
        data = quants.quantize(source, type)
    writer.add_tensor(name, data, raw_dtype=type)
    writer.add_tensor(f"{name}.numbers", quants.dequantize(data, type).astype(np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
