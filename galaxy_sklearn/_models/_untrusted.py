"""Whether what is being loaded may come from anybody."""

from contextvars import ContextVar

# Set while a safe file is loaded: networks are rebuilt from known layers only.
UNTRUSTED: ContextVar[bool] = ContextVar("galaxy_sklearn_untrusted", default=False)
