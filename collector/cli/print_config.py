"""`logboom print-config`: the configuration as it was understood."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from collector.cli.defaults import chosen
from collector.cli.endings import wrong_configuration
from collector.cli.run import Configs, Sets
from collector.errors import ConfigError


def print_config(
    config: Configs = None,
    set_: Sets = None,
    json_: Annotated[bool, typer.Option("--json", help="As JSON instead of YAML.")] = False,
) -> None:
    """Print a configuration as it is read: files and --set merged, expressions replaced, secrets hidden.

    What is not written has its default; the options of a component stand in its README.
    """
    from collector.settings.load import read
    from collector.settings.resolved import resolved

    try:
        shown = resolved(read(chosen(config), set_ or []))
    except ConfigError as error:
        wrong_configuration(error)
    if json_:
        sys.stdout.write(json.dumps(shown) + "\n")
        return
    import yaml

    yaml.safe_dump(shown, sys.stdout, sort_keys=False, allow_unicode=True, width=120)
