"""Temperatures that make predictions calibrated (Guo et al. 2017, ICML 70, 1321)."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

# Floor that keeps the logarithms of fractions and concentrations finite.
FLOOR = 1e-30


def tempered(probabilities, temperature):
    """Return probabilities that are the less sure the higher the temperature."""
    powers = np.maximum(probabilities, FLOOR, dtype=float) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def fit_temperature(probabilities, votes):
    """Find the temperature of one question's fractions."""

    def negative_log_likelihood(logarithm):
        return -np.sum(votes * np.log(tempered(probabilities, np.exp(logarithm))))

    return _minimum(negative_log_likelihood)


def fit_spread(concentrations, counts):
    """Find the temperature of one question's concentrations."""
    n = counts.sum(axis=1)

    def negative_log_likelihood(logarithm):
        a = np.maximum(concentrations, FLOOR, dtype=float) / np.exp(logarithm)
        total = a.sum(axis=1)
        return -np.sum(gammaln(counts + a) - gammaln(a)) - np.sum(
            gammaln(total) - gammaln(total + n)
        )

    return _minimum(negative_log_likelihood)


def _minimum(negative_log_likelihood):
    return np.exp(minimize_scalar(negative_log_likelihood, bounds=(-2, 2), method="bounded").x)
