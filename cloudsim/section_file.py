"""Reading a YAML file whose content a schema describes."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from cloudsim.config import Section
from cloudsim.errors import ConfigError

Kind = TypeVar("Kind", bound=Section)


def read_section(path: Path, kind: type[Kind]) -> Kind:
    """The content of `path`, checked.

    Raises:
        ConfigError: the file cannot be read, or breaks the schema; every problem is named with its key.
    """
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return kind.model_validate(yaml.load(path.read_text(encoding="utf-8"), loader))
    except ValidationError as error:
        raise ConfigError(*(f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read ({' '.join(str(error).split())})") from None
