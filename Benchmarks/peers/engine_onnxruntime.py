"""The same model as an ONNX graph, for embedding_peer.py. The graph is made once and kept beside nothing of ours."""

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.transformers import optimizer
from transformers import BertModel, logging

logging.disable_progress_bar()


class Encoder(torch.nn.Module):
    """Ids and mask in, last hidden states out; the additive mask is made here, so that the graph stays plain."""

    def __init__(self, folder: Path):
        super().__init__()
        self.bert = BertModel.from_pretrained(folder, attn_implementation="eager", add_pooling_layer=False).eval()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.bert.embeddings(input_ids=input_ids)
        bias = (1.0 - attention_mask[:, None, None, :].to(hidden.dtype)) * torch.finfo(hidden.dtype).min
        for layer in self.bert.encoder.layer:
            output = layer(hidden, bias)
            hidden = output[0] if isinstance(output, tuple) else output
        return hidden


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
    fused.save_model_to_file(str(file))
    plain.unlink()
    (file.parent / "fused.txt").write_text(str(fused.get_fused_operator_statistics()))


def version() -> str:
    return f"onnxruntime {onnxruntime.__version__}"


def load(folder, threads: int):
    """A function from ids and mask [b, n] to normalised vectors [b, M]."""
    name = hashlib.sha256(str(Path(folder).resolve()).encode()).hexdigest()[:16]
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
