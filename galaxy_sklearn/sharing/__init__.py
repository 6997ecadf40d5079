"""Models that leave the process: as files, on model hubs, and outside Python."""

from galaxy_sklearn._models import (
    card_of,
    load_model,
    load_pretrained,
    pretrained_models,
    save_model,
)
from galaxy_sklearn.sharing._card import write_card

__all__ = [
    "card_of",
    "load_model",
    "load_pretrained",
    "pretrained_models",
    "save_model",
    "write_card",
]
