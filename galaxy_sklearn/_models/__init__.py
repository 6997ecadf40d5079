"""Model files that cannot run code, and those that the package ships."""

from galaxy_sklearn._models._files import forget_training, is_pickle, load_model, save_model
from galaxy_sklearn._models._named import find_model, load_pretrained
from galaxy_sklearn._models._shipped import card_of, pretrained_models
from galaxy_sklearn._models._untrusted import UNTRUSTED

__all__ = [
    "UNTRUSTED",
    "card_of",
    "find_model",
    "forget_training",
    "is_pickle",
    "load_model",
    "load_pretrained",
    "pretrained_models",
    "save_model",
]
