"""Secrets that a config only points at: can they be read?"""

from collections.abc import Iterator

from connector.config import Config, Problem, Secret
from connector.config.problems import Place
from connector.errors import ConfigError


def setting_secret(config: Config, place: Place, name: str, value: object) -> Iterator[Problem]:
    if isinstance(value, Secret):
        yield from secret_problems(config, (*place, name), value)


def secret_problems(config: Config, place: Place, secret: Secret) -> Iterator[Problem]:
    try:
        secret.read()
    except ConfigError as error:
        yield config.problem(place, str(error), "Put the secret there.")
