"""The same model as an ONNX graph, for embedding_peer.py.

The graph is made when it is first asked for, and kept in the system's folder for temporary files."""

import hashlib
import math
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.transformers import optimizer
from transformers import BertModel, logging

logging.disable_progress_bar()
logging.set_verbosity_error()


class Encoder(torch.nn.Module):
    """BERT's layers spelt as ONNX Runtime's optimizer knows them, so that it finds attention, norm and GELU."""

    def __init__(self, folder: Path):
        super().__init__()
        self.bert = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
        self.heads = self.bert.config.num_attention_heads
        self.width = self.bert.config.hidden_size // self.heads

    def split(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(x.size(0), x.size(1), self.heads, self.width).permute(0, 2, 1, 3)

    def attention(self, block: torch.nn.Module, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        query, key, value = (self.split(linear(x)) for linear in (
            block.self.query, block.self.key, block.self.value))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.width) + bias
        mixed = torch.matmul(torch.softmax(scores, dim=-1), value).permute(0, 2, 1, 3).contiguous()
        mixed = mixed.view(mixed.size(0), mixed.size(1), self.heads * self.width)
        return block.output.LayerNorm(block.output.dense(mixed) + x)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        bias = (1.0 - attention_mask.unsqueeze(1).unsqueeze(2).to(torch.float32)) * -10000.0
        x = self.bert.embeddings(input_ids=input_ids)
        for layer in self.bert.encoder.layer:
            x = self.attention(layer.attention, x, bias)
            inner = torch.nn.functional.gelu(layer.intermediate.dense(x))
            x = layer.output.LayerNorm(layer.output.dense(inner) + x)
        return x


def export(folder: Path, file: Path) -> None:
    """Writes the graph, with ONNX Runtime's fused attention, norm and GELU."""
    model = Encoder(folder)
    plain = file.with_suffix(".plain.onnx")
    ids = torch.ones(2, 7, dtype=torch.int64)
    with torch.no_grad():
        torch.onnx.export(
            model, (ids, ids), plain, input_names=["input_ids", "attention_mask"], output_names=["hidden"],
            dynamic_axes={name: {0: "b", 1: "n"} for name in ("input_ids", "attention_mask", "hidden")},
            opset_version=17, dynamo=False)
    config = model.bert.config
    fused = optimizer.optimize_model(
        str(plain), model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size)
    found = fused.get_fused_operator_statistics()
    layers = config.num_hidden_layers
    if found["Attention"] != layers or found["BiasGelu"] != layers:
        raise RuntimeError(f"ONNX Runtime did not fuse the graph: {found}")
    finished = file.with_suffix(".part")
    fused.save_model_to_file(str(finished))
    finished.rename(file)
    plain.unlink()


def version() -> str:
    return f"onnxruntime {onnxruntime.__version__}"


def load(folder, threads: int):
    """A function from ids and mask [b, n] to normalised vectors [b, M]."""
    identity = str(Path(folder).resolve()).encode() + Path(__file__).read_bytes()
    name = hashlib.sha256(identity).hexdigest()[:16]
    file = Path(tempfile.gettempdir()) / f"embedding-peer-{name}" / "model.onnx"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        export(Path(folder), file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Its threads spin while a run lasts, as by default, but not between requests.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        hidden = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        weights = mask[..., None].astype(np.float32)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    return forward
