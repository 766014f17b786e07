"""Configurations from JSON and from key=value, with words for what does not hold."""

import difflib
from collections.abc import Sequence
from typing import Annotated, Any, cast, get_args

from pydantic import Field, TypeAdapter, ValidationError

from hone.storage.errors import InputError
from hone.training.config import AnyConfig, Config, SearchConfig

_ADAPTER: TypeAdapter[AnyConfig] = TypeAdapter(Annotated[AnyConfig, Field(discriminator="kind")])


def parse_config(text: str) -> AnyConfig:
    """The configuration in a JSON text.

    Raises:
        InputError: It is no JSON, has an unknown field, or a value out of range; the field is named.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        raise InputError(f"The configuration does not hold: {_explained(error)}.") from None


def with_settings(config: Config, settings: Sequence[str]) -> Config:
    """The configuration with "key=value" settings put in, as `--set` takes them.

    "none" unsets a setting that may be unset; of others it is a value, as of quantize. Values are read as the field
    needs them.

    Raises:
        InputError: No "=", an unknown key (the nearest is named), or a value that is not allowed.
    """
    changed = config.model_dump()
    for setting in settings:
        key, equals, value = setting.partition("=")
        key = key.strip().replace("-", "_")
        if not equals:
            raise InputError(f"{setting!r} is no setting; write key=value, for example learning_rate=1e-3.")
        unset = value.strip().lower() in ("none", "null") and _may_be_unset(_known(key, config), config)
        changed[_known(key, config)] = None if unset else value
    try:
        checked = type(config).model_validate(changed)
    except ValidationError as error:
        raise InputError(f"The setting is not allowed: {_explained(error)}.") from None
    return cast(Config, checked)


def with_loading(config: AnyConfig, **facts: str | int | None) -> AnyConfig:
    """The configuration with other facts of how its base is loaded (base, threads), wherever it has them."""
    if isinstance(config, SearchConfig):
        return config.model_copy(update={"train": config.train.model_copy(update=facts)})
    return config.model_copy(update=facts)


def _known(key: str, config: AnyConfig) -> str:
    names = [name for name in type(config).model_fields if name not in ("kind", "schema_version")]
    if key in names:
        return key
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.0)[0]
    raise InputError(f"There is no setting {key!r}; the nearest is {near!r}. All are: {', '.join(sorted(names))}.")


def _may_be_unset(key: str, config: AnyConfig) -> bool:
    return type(None) in get_args(type(config).model_fields[key].annotation)


def _explained(error: ValidationError) -> str:
    return "; ".join(_one(problem) for problem in error.errors(include_url=False)[:5])


def _one(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"] if part not in ("train", "generate", "suggest", "search"))
    given = problem.get("input")
    shown = f" (given {given!r})" if place and isinstance(given, str | int | float) and len(str(given)) < 80 else ""
    return f"{place}{shown}: {problem['msg']}" if place else problem["msg"].removeprefix("Value error, ")
