"""Models that leave the process: as files, on model hubs, and outside Python."""

__all__: list[str] = []
