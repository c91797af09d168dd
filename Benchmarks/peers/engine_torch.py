"""BertModel by PyTorch, for embedding_peer.py."""

import numpy as np
import torch
from transformers import BertModel, logging

logging.disable_progress_bar()
logging.set_verbosity_error()


def version() -> str:
    return f"torch {torch.__version__}"


def load(folder, threads: int):
    """A function from ids and mask [b, n] to normalised vectors [b, M]."""
    torch.set_num_threads(threads)
    model = BertModel.from_pretrained(folder, attn_implementation="sdpa", add_pooling_layer=False).eval()

    @torch.inference_mode()
    def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        full = bool(mask.all())  # without a mask SDPA takes its faster path
        mask = torch.from_numpy(mask)
        hidden = model(torch.from_numpy(ids), attention_mask=None if full else mask).last_hidden_state
        weights = mask[..., None].to(hidden.dtype)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
        return torch.nn.functional.normalize(pooled, dim=1).numpy()

    return forward
