"""How far counts stray from what is expected, beyond chance: learned per window length.

Two things make real streams stray. People answer each other, so that messages come in clusters: the variance grows
with the mean, whatever the hour. And some hours are busier than their like: the variance grows with the mean squared.
variance = mean + clusters * mean + swings * mean^2 (Taylor's and the negative binomial's laws as two terms of one; see
Bliss and Fisher, Biometrics 9, 1953, and Hilbe, Negative Binomial Regression, 2nd ed., chapter 10, on NB1 and NB2).
Both are estimated by weighted least squares on squared deviations, with a prior worth some tens of messages, and
forgotten over weeks.
"""

import msgspec

PRIORS = ((0.15, 0.30), (0.30, 0.28), (0.50, 0.22), (0.60, 0.14), (0.60, 0.10))
"""(clusters, swings) of a stream of which nothing is known, per window length, shortest first."""
_PRIOR_WEIGHTS = (25.0, 12.0)
_LEAST = (0.02, 0.005)
_TYPICAL_SWINGS = 0.3


class Dispersion(msgspec.Struct, array_like=True):
    """The sums of the normal equations, for one window length."""

    s2: float = 0.0
    s3: float = 0.0
    s4: float = 0.0
    t1: float = 0.0
    t2: float = 0.0

    def copy(self) -> "Dispersion":
        """One that shares nothing that changes."""
        return Dispersion(self.s2, self.s3, self.s4, self.t1, self.t2)

    def learn(self, usual: float, count: float, share: float = 1.0) -> None:
        """A window that was expected to hold `usual` held `count`; `share`: how far it could be foreseen (0 to 1)."""
        if usual <= 0.0:
            return
        square = usual * usual
        weight = share / (usual + 2.0 * (usual + _TYPICAL_SWINGS * square) ** 2)
        beyond = (count - usual) ** 2 - usual
        self.s2 += weight * square
        self.s3 += weight * square * usual
        self.s4 += weight * square * square
        self.t1 += weight * usual * beyond
        self.t2 += weight * square * beyond

    def forget(self, keep: float) -> None:
        """Let what was learned weigh `keep` times as much."""
        self.s2 *= keep
        self.s3 *= keep
        self.s4 *= keep
        self.t1 *= keep
        self.t2 *= keep

    def terms(self, prior: tuple[float, float]) -> tuple[float, float]:
        """(clusters, swings)."""
        a, b = self.s2 + _PRIOR_WEIGHTS[0], self.s4 + _PRIOR_WEIGHTS[1]
        x, y = self.t1 + _PRIOR_WEIGHTS[0] * prior[0], self.t2 + _PRIOR_WEIGHTS[1] * prior[1]
        bottom = a * b - self.s3 * self.s3
        clusters, swings = (b * x - self.s3 * y) / bottom, (a * y - self.s3 * x) / bottom
        # Where one of them would be below nothing, the other explains it alone.
        if clusters < _LEAST[0]:
            clusters, swings = _LEAST[0], (y - self.s3 * _LEAST[0]) / b
        elif swings < _LEAST[1]:
            clusters, swings = (x - self.s3 * _LEAST[1]) / a, _LEAST[1]
        return max(clusters, _LEAST[0]), max(swings, _LEAST[1])

    def relative(self, usual: float, prior: tuple[float, float]) -> float:
        """The variance beyond Poisson of a window that is expected to hold `usual`, over the mean squared."""
        clusters, swings = self.terms(prior)
        return clusters / max(usual, 1e-9) + swings
