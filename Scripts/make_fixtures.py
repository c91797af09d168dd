#!/usr/bin/env python3
"""Makes every stored reference that the tests compare with.

    python3 -m venv .venv && .venv/bin/pip install -r Scripts/requirements.txt
    .venv/bin/python Scripts/make_fixtures.py [--model FOLDER] [FAMILY…]

FAMILY is one of: multi-head, operator, operator-gradients, relative-positions, layers, encoders, decoders, gradients,
operations, sampling, beams, llama2c, onnx, reciter, sentence-folders, sorter, gguf-encoders, gguf-models, sentences (all of them
when none is named).
`sentences` needs the folder of all-MiniLM-L6-v2 (`--model`) and is left out without it.

Everything is seeded. Float64 results are the truth; float32 results are PyTorch's own, and depend on
the machine in their last bits. Their error against float64, `float32Error`, is the measure of the tests'
tolerance: at most twice as much. Where it is 0 or happens to be very small, take one unit in the last place of
the largest output as the least tolerance.

All files are safetensors. Metadata: `cases` is a JSON list of the cases' names, and each case's name leads to
a JSON object with its attributes. Masks are BOOL, ids I64, what ends in `_f64` F64, all else F32.
Dimensions: B batch, H heads, Hkv key and value heads, Nq and Nk queries and keys, D and Dv head widths,
M model width, L layers.

Tests/AttentionTests/Fixtures/multi_head_attention.safetensors – `caseN.`, nn.MultiheadAttention
    weights.in_proj_weight [3M, M] (packed: true)
    weights.q_proj_weight [M, M], weights.k_proj_weight [M, kdim], weights.v_proj_weight [M, vdim] (packed: false)
    weights.in_proj_bias [3M], weights.out_proj.weight [M, M], weights.out_proj.bias [M] (biases: bias true)
    query [B, Nq, M]; key [B, Nk, kdim], value [B, Nk, vdim] (only where selfAttention is false)
    key_padding_mask BOOL [B, Nk], true is padding (also the attribute `lengths`: true keys of each sequence)
    attn_mask F32 [Nq, Nk] or [B·H, Nq, Nk], added to the scores
    output_f32, output_f64 [B, Nq, M]
    attention_weights_f64 [B, H, Nq, Nk], attention_weights_mean_f64 [B, Nq, Nk]
    attributes: batch heads width queries keys kdim vdim bias causal selfAttention packed lengths float32Error;
    causal is top-left: query i sees keys j ≤ i.
Tests/AttentionTests/Fixtures/multi_head_linears.safetensors – `case0.`, the same with four Linear layers
    weights.{query,key,value,output}.weight [M, M], …bias [M]; the rest as above

Tests/AttentionTests/Fixtures/operator.safetensors – `caseN.`
    query [B, H, Nq, D], key [B, Hkv, Nk, D], value [B, Hkv, Nk, Dv]; head h reads kv head h / (H / Hkv)
    bias, allowed (BOOL) [B or 1, H or 1, Nq, Nk], alibi_slopes [H], where the case has them
    output_f64, output_f32 [B, H, Nq, Dv], logsumexp_f64 [B, H, Nq] (−∞ and output 0 where nothing is seen)
    attributes: fixtures/operator_cases.py explains each one. The order is
        S = scale · Q Kᵀ (of the normalised vectors where score is "cosine"; scale = 1/temperature then)
        S ← softcap · tanh(S / softcap);  S ← S + bias − slope · |i + queryOffset − j|;  S ← −∞ where not allowed
    `poison` cases hold NaN and infinity where the mask hides the key. float32By says whether output_f32 is
    scaled_dot_product_attention ("pytorch") or the formula in float32 ("formula").

Tests/AttentionTests/Fixtures/operator_gradients.safetensors – `caseN.` or `caseNsinks.`
    output_gradient [B, H, Nq, Dv]; sinks [H], where the case has them; the other inputs are those of `operatorCase`
    {query,key,value,bias,alibi_slopes,temperature,sinks}_gradient_f64, of their inputs' shapes
    attributes: operatorCase (a case of operator.safetensors), float32Errors of each gradient

Tests/AttentionTests/Fixtures/relative_positions.safetensors
    bucketsN: distances I64 [n], each the first of those that share values I64 [n], the bucket; the last run ends with
    `farthest`; attributes: isBidirectional buckets maximumDistance farthest (and −farthest is the first distance)
    attentionN: query [B, H, Nq, D], key [B, H, Nk, D], value [B, H, Nk, Dv], table [buckets, H], output_gradient,
    output_f64 [B, H, Nq, Dv], {query,key,value,table}_gradient_f64; isBidirectional maximumDistance queryOffset causal
    float32Errors (of the output and each gradient)

Tests/AttentionTests/Fixtures/onnx.safetensors – a case for each of ONNX's operator tests
    the node's inputs and outputs by name, in their own types; operator, inputs, outputs (in the node's order, empty
    where left out), attributes (the node's)

Tests/AttentionTensorsTests/Fixtures/layers.safetensors
    layerNormN: input [4, W], weight [W], bias [W], output_f64 [4, W]; width, epsilon, float32Errors (of each row)
    softmaxN: input, output_f64 [4, W], logsumexp_f64 [4]; width, float32Error
    activation: input, gelu_f64, gelu_tanh_f64, tanh_f64, silu_f64, relu_f64, all [n] (last inputs: +∞, NaN)
    exp: input, output_f64 [n]
    linearN: input [M, K], weight [N, K], bias [N] (or none), output_f64 [M, N]; rows, inputWidth, outputWidth, bias

Tests/AttentionTensorsTests/Fixtures/operations.safetensors – each with its input, output_f64, the gradient of the
    output (none: 1), …_gradient_f64 of the input, and float32Errors of the output and of the input's gradient
    softmaxN, logSoftmaxN, unitLengthN [rows, W]; pooling-MODE: input [9, 24], output [3, 24]; mode, lengths
    crossEntropyN: logits […, C], targets I64 […], weights [C] or none, loss_f64; smoothing, ignored, reduction
    embeddingN: table [V, M], indices I64 [n]

Tests/AttentionTests/Fixtures/rotary.safetensors – a case for each kind of scaling
    input, gradient, output_f64, input_gradient_f64 [1, 2, 5, D]; frequencies [width / 2] by transformers (float32)
    attributes: width (that turns) base interleaved magnitude positions scaling (transformers' rope parameters)
    float32Errors

Tests/AttentionModelsTests/Fixtures/
{bert,bert-prefixed,distilbert,roberta,roberta-prefixed,modernbert,modernbert-prefixed}/
    config.json, model.safetensors: a model folder as the hub has it. `bert` has names without a prefix, exact
    GELU and a pooler; `bert-prefixed` has `bert.` before each name, LayerNorm's tensors named gamma and beta,
    tanh GELU and a language-model head; `distilbert` and `roberta-prefixed` have their prefixes and heads;
    `modernbert-prefixed` has another activation and another pattern of windows too.
    config-before-5.json: ModernBERT's with global_attn_every_n_layers and two rope thetas
    expected.safetensors – `seqN.`: ids I64 [N], token_type_ids I64 [N] (all 0 where left out),
    hidden_f32, hidden_f64 [N, M] (last hidden states), attention_weights_f64 [L, H, N, N] (short sequences)
    attributes: length, float32Error

Tests/AttentionModelsTests/Fixtures/decoders/NAME/
    config.json, model.safetensors: a model folder; config-before-5.json: the same with rope_theta and rope_scaling
    (Gemma 3's with rope_local_base_freq and sliding_window_pattern too). `gemma3-multimodal` is a model of texts
    and images; its logits are those of texts alone. No choice of `mixtral`'s experts is close.
    expected.safetensors – `seqN.`: ids I64 [N], logits_f64 [N, V]; `greedy.`: prompt, ids I64; length, float32Error

Tests/AttentionModelsTests/Fixtures/bert/gradients.safetensors – `batch.`: the gradients of Σ hidden · seed
    ids I64 [tokens], seed [tokens, M], the sequences end to end; gradients.NAME for each parameter, float64
    rounded to float32; attributes: lengths, float32Errors (by NAME)

Tests/AttentionTensorsTests/Fixtures/gradients.safetensors – inputs by name, seed, and d_NAME F64, the gradient of
    Σ result · seed at each input; float32Errors (by NAME)
    layerNormN, rmsNormN: input [3, W], weight, bias [W], residual [3, W] (where present); width, epsilon, offset
    activation_NAME: input [n]; gate_NAME: gate, up [3, 33]; activation
    linearN: input [M, K], weight [N, K], bias [N] (or none); activation

Tests/AttentionModelsTests/Fixtures/sorter.safetensors – a model in the form of minGPT's sorter
    batch.ids, batch.targets I64 [3, 11] (−1: no loss); model.: its weights; activations.: every step of a forward
    pass by name, those within a block of the first one; loss.all_f64; a case for each weight: the first row and
    column of its gradient, row_f64 and column_f64, or all_f64 of a vector; float32Error, largest (of the whole gradient)

Tests/AttentionGenerationTests/Fixtures/reciter/ – a Llama that has learnt a paragraph of LICENSE by heart
    hf/: a folder without a tokenizer; reciter-TYPE.gguf: the same with one; gguf_expected.json: for each type the
    greedy tokens (of transformers and llama.cpp) and their perplexity; expected_greedy.json: the f16 file's ids, text
Tests/AttentionGenerationTests/Fixtures/llama2c/: a Llama in llama2.c's forms, llama.bin (the first one), llama_v1.bin
    and llama-q8.bin (version 2); expected_greedy.json: ids

Tests/AttentionTasksTests/Fixtures/minilm.json – modelSHA256, maximumLength, similarities (the published ones
    of the first three sentences), shortSentence (index), sentences: [{text, ids}]
Tests/AttentionTasksTests/Fixtures/minilm.safetensors
    sentences.embeddings_f32, sentences.embeddings_f64 [count, 384], in minilm.json's order
    short.hidden_f32, short.hidden_f64 [N, 384], short.attention_weights_f64 [6, 12, N, N]

Tests/AttentionModelsTests/Fixtures/nomic-bert/: model.gguf, as llama.cpp's converter writes it;
    expected.safetensors as for the encoders above, without attention weights
Tests/AttentionModelsTests/Fixtures/gguf/NAME.gguf: the models of these folders, as llama.cpp's converter writes
    them, with small vocabularies
Tests/AttentionTasksTests/Fixtures/sentence_folders.json – tokenizers (by whether they lower-case), query,
    documents; cases: [{name, files (path: text), weights (path: {name: {shape, numbers}}), encoder (its folder),
    isLowercase, results: [{text, prompt, prompt_name, ids, vector}], scores (of the documents for the query)}]
Tests/AttentionGenerationTests/Fixtures/sampling.json – prompt, generated (ids); cases: [{name, options, logits [V],
    kept (the ids that may be drawn), probabilities (of those)}]
Tests/AttentionGenerationTests/Fixtures/beams.json – prompt; cases: [{beams, results, lengthPenalty, earlyStopping,
    ends (ids), count (the most tokens), texts: [{tokens, score}]}], of the decoder `llama`
"""

import argparse
from pathlib import Path

import torch

from fixtures.beams import make_beams
from fixtures.decoders import make_decoders
from fixtures.encoders import make_encoders
from fixtures.gguf_encoders import make_gguf_encoders
from fixtures.gguf_models import make_gguf_models
from fixtures.gradients import make_gradients
from fixtures.layers import make_layers
from fixtures.llama2c import make_llama2c
from fixtures.multi_head import make_multi_head
from fixtures.onnx_cases import make_onnx
from fixtures.operations import make_operations
from fixtures.operator import make_operator
from fixtures.operator_gradients import make_operator_gradients
from fixtures.reciter import make_reciter
from fixtures.relative_positions import make_relative_positions
from fixtures.sampling import make_sampling
from fixtures.sentence_folders import make_sentence_folders
from fixtures.sentences import make_sentences
from fixtures.sorter import make_sorter

FAMILIES = {
    "multi-head": make_multi_head, "operator": make_operator,
    "operator-gradients": make_operator_gradients, "relative-positions": make_relative_positions,
    "layers": make_layers,
    "encoders": make_encoders, "decoders": make_decoders, "gradients": make_gradients,
    "operations": make_operations, "sampling": make_sampling, "beams": make_beams,
    "llama2c": make_llama2c, "onnx": make_onnx, "reciter": make_reciter,
    "sentence-folders": make_sentence_folders, "sorter": make_sorter, "gguf-encoders": make_gguf_encoders,
    "gguf-models": make_gguf_models}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="what to make; all when left out")
    parser.add_argument("--model", type=Path, help="folder of all-MiniLM-L6-v2, for `sentences`")
    arguments = parser.parse_args()
    unknown = set(arguments.families) - {*FAMILIES, "sentences"}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(FAMILIES)}, sentences")
    if "sentences" in arguments.families and arguments.model is None:
        parser.error("`sentences` needs --model FOLDER")
    torch.set_num_threads(1)  # sums keep their order
    for name, make in FAMILIES.items():
        if not arguments.families or name in arguments.families:
            make()
    if arguments.model and (not arguments.families or "sentences" in arguments.families):
        make_sentences(arguments.model)


if __name__ == "__main__":
    main()
