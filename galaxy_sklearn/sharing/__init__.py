"""Models that leave the process: as files, on model hubs, and outside Python."""

from galaxy_sklearn._models import load_model, load_pretrained, pretrained_models, save_model

__all__ = ["load_model", "load_pretrained", "pretrained_models", "save_model"]
