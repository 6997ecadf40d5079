"""The evaluation of a model as one HTML page."""

from galaxy_sklearn.report._report import EvaluationReport

__all__ = ["EvaluationReport"]
