"""Types of single options, and secrets, to which the config only points."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    Strict,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connector.config.problems import Place
from connector.errors import ConfigError


@dataclass
class Origin:
    """Where a config came from, to name places in it and to find files beside it."""

    path: Path
    lines: Mapping[Place, int] = field(default_factory=dict)
    #: Places that could not be understood; what follows from that is not reported again.
    spoiled: set[Place] = field(default_factory=set)


def refuse(message: str, mend: str) -> PydanticCustomError:
    """What a validator raises to say a problem in our own words."""
    return PydanticCustomError("ours", "{message}", {"message": message, "mend": mend})


def _to_decimal(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise refuse("must be a number", "Write it without quotes, such as 0.1 or 30.")
    return Decimal(value)


def _beside_config(path: Path, info: ValidationInfo) -> Path:
    folder = info.context.path.parent if info.context else Path()
    return cast("Path", folder / path.expanduser())


Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[Decimal, BeforeValidator(_to_decimal)]
Share = Annotated[Number, Field(ge=0, le=1)]
Money = Annotated[Number, Field(ge=0)]
Day = Annotated[date, Strict()]
Text = Annotated[str, StringConstraints(min_length=1)]
File = Annotated[Path, AfterValidator(_beside_config)]
Variable = Annotated[str, StringConstraints(pattern="^[A-Z_][A-Z0-9_]*$")]


class Options(BaseModel):
    """A table of the file. Unknown options are problems; values never show in an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )


class Secret(Options):
    """Where a secret is kept. Its value is never in the config, and this never holds it."""

    env: Variable | None = None
    file: File | None = None

    @model_validator(mode="before")
    @classmethod
    def _points_somewhere(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise refuse(
                "a secret must not stand in the config",
                'Write { env = "NAME" } or { file = "/path" }, and replace the secret if others saw it.',
            )
        if {"env", "file"} <= value.keys():
            raise refuse("has both env and file", "Keep one of the two.")
        if not value:
            raise refuse("does not say where the secret is", 'Write { env = "NAME" } or { file = "/path" }.')
        return value

    def read(self) -> SecretStr:
        """The secret itself.

        Raises:
            ConfigError: it is not there or empty. The words have no place and no stop: the caller knows it.
        """
        if self.env is not None:
            value, reason = os.environ.get(self.env, ""), f"the environment variable {self.env} is not set"
        else:
            value, reason = self._read_file()
        if not value:
            raise ConfigError(reason)
        return SecretStr(value)

    def _read_file(self) -> tuple[str, str]:
        # The path is not repeated: somebody may have put the secret itself there.
        try:
            return cast("Path", self.file).read_text(encoding="utf-8").strip(), "its file is empty"
        except OSError as error:
            return "", f"its file cannot be read ({error.strerror})"
        except UnicodeDecodeError:
            return "", "its file is not text"
