"""Which settings a search tries next: a pure function of its configuration and the trials so far.

Nothing is kept between two trials. Optuna gets the earlier ones anew each time and draws by a seed of the trial's own,
so that a search that was broken off goes on exactly as it would have.
"""

import math
import random
import warnings
from collections.abc import Mapping, Sequence
from statistics import fmean, median

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from hone.training.config import Range, SearchConfig
from hone.training.search import Trial
from hone.training.searching.space import Space, Value, holds, kind, points, size, usual

UNPRUNED = 4  # trials whose folds a later one is held against before any is stopped
_DRAWS = 20  # tries to find settings that were not tried before
_GUIDED = (4, 10)  # bounds of the trials at random before the sampler learns from them

optuna.logging.set_verbosity(optuna.logging.WARNING)


def planned(config: SearchConfig) -> int:
    """How many trials there will be: those asked for, or as many different settings as there are."""
    if config.sampler == "grid":
        return min(config.trials, _grid_size(config))
    return min(config.trials, size(config.space) or config.trials)


def next_settings(config: SearchConfig, trials: Sequence[Trial]) -> dict[str, Value]:
    """The settings of the next trial.

    A grid is walked in an order drawn by the seed. A bayesian search begins with the settings of the training run
    itself, where they lie in the space; then come some at random, then those that Optuna's TPE finds most promising
    (Bergstra et al. 2011; Watanabe 2023 for the form that Optuna has).

    Args:
        config: Of the search.
        trials: The earlier ones, fewer than `planned`.
    """
    if config.sampler == "grid":
        order = random.Random(config.seed).sample(range(_grid_size(config)), planned(config))
        return _on_grid(config, order[len(trials)])
    first = usual(config.space, config.train)
    if not trials and holds(config.space, first):
        return first
    tried = [trial.settings for trial in trials]
    drawn = (_drawn(config, trials, attempt) for attempt in range(_DRAWS))
    return next((settings for settings in drawn if settings not in tried), None) or _untried(config, tried)


def hopeless(losses: Sequence[float], earlier: Sequence[Trial]) -> bool:
    """Whether the folds so far are worse in the mean than the same folds were in most earlier trials (the median)."""
    count = len(losses)
    means = [fmean(trial.losses[:count]) for trial in earlier if len(trial.losses) >= count]
    return len(means) >= UNPRUNED and fmean(losses) > median(means)


def importance(config: SearchConfig, trials: Sequence[Trial]) -> dict[str, float] | None:
    """How much each setting decided, shares of 1, the largest first (PED-ANOVA, Watanabe et al. 2023).

    None where that would say nothing: with one setting, or fewer than 8 trials that are done.
    """
    if len(config.space) < 2 or sum(trial.state == "done" for trial in trials) < 8:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = optuna.importance.get_param_importances(_study(config, trials, seed=config.seed))
    return {name: round(share, 4) for name, share in found.items()}


def _drawn(config: SearchConfig, trials: Sequence[Trial], attempt: int) -> dict[str, Value]:
    seed = random.Random(f"{config.seed}:{len(trials)}:{attempt}").getrandbits(31)
    found = _study(config, trials, seed).ask(_distributions(config.space)).params
    return {name: found[name] for name in config.space}


def _untried(config: SearchConfig, tried: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """The sampler knows nothing new: whatever chance finds that was not tried. There is such a point: see `planned`."""
    draw = random.Random(f"{config.seed}:{len(tried)}")
    while True:
        found = {name: _by_chance(draw, name, tried_range) for name, tried_range in config.space.items()}
        if found not in tried:
            return found


def _by_chance(draw: random.Random, name: str, tried: Range) -> Value:
    if tried.values:
        return draw.choice(tried.values)
    low, high = tried.low or 0.0, tried.high or 0.0
    return draw.randint(int(low), int(high)) if kind(name) is int else draw.uniform(low, high)


def _grid_size(config: SearchConfig) -> int:
    return math.prod(len(points(name, tried)) for name, tried in config.space.items())


def _on_grid(config: SearchConfig, place: int) -> dict[str, Value]:
    """Point `place` of the grid: the first setting turns fastest."""
    found: dict[str, Value] = {}
    for name, tried in config.space.items():
        values = points(name, tried)
        place, index = divmod(place, len(values))
        found[name] = values[index]
    return found


def _study(config: SearchConfig, trials: Sequence[Trial], seed: int) -> optuna.Study:
    least, most = _GUIDED
    at_random = min(most, max(least, config.trials // 3))
    study = optuna.create_study(sampler=TPESampler(seed=seed, n_startup_trials=at_random), direction="minimize")
    distributions = _distributions(config.space)
    study.add_trials([_told(trial, distributions) for trial in trials])
    return study


def _told(trial: Trial, distributions: Mapping[str, BaseDistribution]) -> FrozenTrial:
    """A trial as Optuna knows it. One that failed counts as worse than all, so that its neighbours are left alone."""
    means = {place: fmean(trial.losses[: place + 1]) for place in range(len(trial.losses))}
    return create_trial(
        state=TrialState.COMPLETE if trial.state == "done" else TrialState.PRUNED,
        value=trial.loss,
        params=dict(trial.settings),
        distributions=dict(distributions),
        intermediate_values={} if trial.state == "failed" else means,
    )


def _distributions(space: Space) -> dict[str, BaseDistribution]:
    return {name: _distribution(name, tried) for name, tried in space.items()}


def _distribution(name: str, tried: Range) -> BaseDistribution:
    if tried.values:
        return CategoricalDistribution(list(dict.fromkeys(tried.values)))
    low, high = tried.low or 0.0, tried.high or 0.0
    if kind(name) is int:
        return IntDistribution(int(low), int(high), log=tried.log)
    return FloatDistribution(low, high, log=tried.log)
