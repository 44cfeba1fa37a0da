"""Many small state-space models filtered side by side over many series, weighted by how well each foretold. Pure.

Every model sees a standardised series as y = level + state + noise. The level walks, the state fades by `phi` a
day. A state without noise is a local level, one with its own noise an AR(1) around a mean, and one whose noise
runs against the level's a damped trend: what it loses, the level has already gained. Harvey, Forecasting,
Structural Time Series Models and the Kalman Filter, 1989, chapters 3 and 4; forgetting in the weights as in
Raftery et al., Technometrics 52, 2010.

Arrays are float32 with the series along the last axis. Sums over models are made one row after the other, so
that a series gets the same numbers to the bit alone or among others.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

FORGETTING = 0.98
"""What a day's evidence for a model is worth one observed day later."""
BLOCK = 7
"""Days whose evidence is multiplied up before its logarithm is taken."""
_CLIP = np.float32(3.0**2)
_DIFFUSE = 25.0


@dataclass(frozen=True, slots=True)
class Grid:
    """The models, one an entry; variances in units of the observation noise's.

    `transition` and `noise` are for the covariance's three numbers: level, level with state, state.
    """

    phi: Floats
    transition: Floats
    noise: Floats
    start: Floats
    jump: Floats

    def __len__(self) -> int:
        return len(self.phi)


def local_level(q: float, *, pace: float = 0.9) -> tuple[float, ...]:
    """A level that walks with variance q a day."""
    return (pace, q, 0.0, 0.0, 0.0, 0.0, 0.0)


def around_mean(phi: float, q: float) -> tuple[float, ...]:
    """A fixed mean with an AR(1) of innovation variance q about it."""
    return (phi, 0.0, 0.0, q, 0.0, 0.0, q / (1 - phi**2))


def damped_trend(phi: float, q: float, slope_q: float, slope: float = 0.0025) -> tuple[float, ...]:
    """A level that walks with variance q and a slope that fades by phi and walks with variance slope_q."""
    gain = 1 / (1 - phi) ** 2  # the level that a slope of one still leads to, squared
    return (
        phi,
        q + slope_q * gain,
        -slope_q * gain,
        slope_q * gain,
        slope * gain,
        -slope * gain,
        slope * gain,
    )


def grid(*models: tuple[float, ...]) -> Grid:
    table = np.array(models)
    phi = table[:, 0]
    one = np.ones_like(phi)
    start = np.stack([_DIFFUSE + table[:, 4], table[:, 5], table[:, 6]])
    return Grid(
        phi=phi.astype(np.float32)[:, None],
        transition=np.stack([one, phi, phi**2]).astype(np.float32)[:, :, None],
        noise=table[:, 1:4].T.astype(np.float32)[:, :, None],
        start=start.astype(np.float32)[:, :, None],
        jump=np.stack([one, -one, one]).astype(np.float32)[:, :, None],
    )


MODELS = grid(
    *(local_level(q) for q in (0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)),
    *(around_mean(0.97, q) for q in (0.01, 0.05, 0.2, 1.0)),
    *(around_mean(0.85, q) for q in (0.03, 0.1, 0.3, 1.0, 3.0)),
    *(around_mean(0.6, q) for q in (0.3, 1.0, 3.0)),
    *(damped_trend(0.97, q, 1e-4) for q in (0.003, 0.03, 0.3)),
)


@dataclass(slots=True)
class Mixture:
    """The filters of N series after a day. `freedom` and `seen` are [N], all else has the models before them.

    `square` is the sum of squared standardised errors (the noise variance times `freedom`). `evidence` is each
    model's log likelihood up to the block's start, `opening` what its noise estimate contributed by then, and
    `product` and `seen` are the block's predictive variances multiplied and its observed days.
    """

    x: Floats
    p: Floats
    square: Floats
    evidence: Floats
    opening: Floats
    product: Floats
    freedom: Floats
    seen: Floats


def start(count: int, models: Grid = MODELS) -> Mixture:
    """`count` series before their first day."""
    many = (len(models), count)
    return Mixture(
        x=np.zeros((2, *many), np.float32),
        p=np.tile(models.start, (1, 1, count)),
        square=np.ones(many, np.float32),
        evidence=np.zeros(many, np.float32),
        opening=np.zeros(many, np.float32),
        product=np.ones(many, np.float32),
        freedom=np.full(count, 2, np.float32),
        seen=np.zeros(count, np.float32),
    )


def step(mixture: Mixture, value: Floats, jump: Floats | None, models: Grid = MODELS) -> None:
    """One day on, in place: predicts, then learns from `value` [N] where there is one (nan: there is none).

    `jump` is the variance by which a known event moves what the level will come to.
    """
    m = mixture
    known = ~np.isnan(value)
    fresh = known & (m.freedom == 2)  # nothing observed yet
    if fresh.any():
        m.x[:, :, fresh] = 0
        m.p[:, :, fresh] = models.start
    observed = known.astype(np.float32)
    x, p = m.x, m.p
    x[1] *= models.phi
    p *= models.transition
    p += models.noise
    if jump is not None:
        p += jump * models.jump
    b = p[:2] + p[1:]
    f = b[0] + b[1]
    f *= observed
    f += 1
    gain = observed / f
    v = np.where(known, value, np.float32(0)) - x[0]
    v -= x[1]
    limit = m.square * f
    limit *= _CLIP / m.freedom
    np.sqrt(limit, out=limit)
    np.minimum(v, limit, out=v)
    np.negative(limit, out=limit)
    np.maximum(v, limit, out=v)
    vg = v * gain
    x += b * vg
    v *= vg
    m.square += v
    k = b * gain
    p[:2] -= b * k[0]
    p[2] -= b[1] * k[1]
    # The first value tells models apart by nothing but their prior width, which is no evidence.
    f[:, fresh] = 1
    m.product *= f
    m.freedom += observed
    m.seen += observed
    if fresh.any():
        m.opening[:, fresh] = _contribution(m)[:, fresh]


def close_block(mixture: Mixture) -> None:
    """Turns the block's products into evidence, in place, and forgets some of what was before."""
    m = mixture
    m.evidence = _evidence(m)
    m.opening = _contribution(m)
    m.product = np.ones_like(m.product)
    m.seen = np.zeros_like(m.seen)


def _contribution(m: Mixture) -> Floats:
    return 0.5 * m.freedom * np.log(m.square / m.freedom)


def _evidence(m: Mixture) -> Floats:
    kept = np.power(np.float32(FORGETTING), m.seen)
    return kept * m.evidence - 0.5 * np.log(m.product) - (_contribution(m) - m.opening)


def weights(mixture: Mixture, prior: Floats | None = None) -> Floats:
    """How much each model counts now, [M, N]; they add up to one."""
    evidence = _evidence(mixture)
    if prior is not None:
        evidence = evidence + prior
    evidence -= evidence.max(axis=0)
    weight = np.exp(evidence)
    total = weight[0].copy()
    for row in weight[1:]:
        total += row
    weight /= total
    return weight


def moments(
    mixture: Mixture, horizons: npt.NDArray[np.int64], models: Grid = MODELS, prior: Floats | None = None
) -> tuple[Floats, Floats]:
    """Mean and variance [N, H] of what will be observed `horizons` days ahead."""
    m = mixture
    w = weights(m, prior)
    w_noise = w * (m.square / m.freedom)
    x, p = m.x, m.p
    wx = w * x
    terms = np.empty((8, *w.shape), np.float32)
    terms[0:2] = wx
    terms[2:4] = wx * x + w_noise * p[::2]
    terms[4] = 2 * (wx[0] * x[1] + w_noise * p[1])
    terms[5:8] = w_noise * models.noise
    terms[2] += w_noise
    h = horizons.astype(np.float64)
    mean = np.zeros((w.shape[1], len(h)), np.float32)
    second = np.zeros_like(mean)
    family: dict[float, Floats] = {}
    for i, phi in enumerate(models.phi[:, 0].tolist()):
        if phi in family:
            family[phi] += terms[:, i]
        else:
            family[phi] = terms[:, i].copy()
    for phi, (level, state, level2, state2, both, noise, shared, own) in family.items():
        fade = (phi**h).astype(np.float32)
        once = ((1 - phi**h) / (1 - phi)).astype(np.float32)
        twice = ((1 - phi ** (2 * h)) / (1 - phi**2)).astype(np.float32)
        mean += level[:, None] + state[:, None] * fade
        second += level2[:, None] + both[:, None] * fade + state2[:, None] * (fade * fade)
        second += noise[:, None] * h.astype(np.float32) + (2 * shared)[:, None] * once + own[:, None] * twice
    return mean, np.maximum(second - mean * mean, np.float32(1e-6))


def draw(
    mixture: Mixture, horizon: int, draws: int, generator: np.random.Generator, models: Grid = MODELS
) -> Floats:
    """Draws [draws, H] of the next days of the first series together, standardised."""
    m = mixture
    counts = generator.multinomial(
        draws, weights(m)[:, 0].astype(np.float64) / weights(m)[:, 0].sum(dtype=np.float64)
    )
    drawn = []
    for i in np.flatnonzero(counts):
        scale = np.sqrt(m.square[i, 0] / m.freedom[0])
        phi = float(models.phi[i, 0])
        level, state = _pair(generator, counts[i], m.p[:, i, 0])
        level, state = m.x[0, i, 0] + scale * level, m.x[1, i, 0] + scale * state
        days = np.empty((counts[i], horizon))
        for day in range(horizon):
            shift, shock = _pair(generator, counts[i], models.noise[:, i, 0])
            level, state = level + scale * shift, phi * state + scale * shock
            days[:, day] = level + state + scale * generator.standard_normal(counts[i])
        drawn.append(days)
    return np.concatenate(drawn).astype(np.float32)


def _pair(
    generator: np.random.Generator, count: int, covariance: Floats
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Draws of two numbers of this covariance: the first's variance, what they share, the second's."""
    first, shared, second = covariance.astype(np.float64)
    one, other = generator.standard_normal((2, count))
    slope = shared / first if first > 0 else 0.0
    rest = np.sqrt(max(second - slope * shared, 0.0))
    a = np.sqrt(max(first, 0.0)) * one
    return a, slope * a + rest * other
