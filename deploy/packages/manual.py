"""logboom(1), made from the command's own help: python deploy/packages/manual.py > logboom.1"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import version

from typer.testing import CliRunner

from collector.cli import app

_PLAIN = {"COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"}
_FILES = {
    "/etc/logboom/logboom.yaml": "The configuration of the service.",
    "/etc/logboom/environment": "NAME=value lines for ${env:NAME} in the configuration; secrets belong here. Need not exist.",
    "/var/lib/logboom": "The data directory of the service: journal, state, embedded store.",
}
_ENDS = {
    "0": "Done.",
    "1": "Failed, or found nothing where something was asked for.",
    "2": "Wrong usage or configuration.",
}


def helped(*command: str) -> str:
    """What `logboom COMMAND --help` prints."""
    result = CliRunner().invoke(app, [*command, "--help"], prog_name="logboom", env=_PLAIN)
    assert result.exit_code == 0, result.output
    return result.output.strip("\n")


def commands(*above: str) -> Iterator[tuple[str, ...]]:
    """Every subcommand, those of groups behind them."""
    listed = helped(*above).partition("\nCommands:\n")[2]
    for name in re.findall(r"^  ([a-z][\w-]*)", listed, re.MULTILINE):
        yield (*above, name)
        yield from commands(*above, name)


def manual() -> str:
    """The page, in roff."""
    about = helped().partition("\n\n")[2].partition("\n\n")[0]
    sections = [
        f'.TH LOGBOOM 1 "" "logboom {version("logboom")}" "User Commands"',
        ".SH NAME\nlogboom \\- the OpenTelemetry log collector that triages",
        ".SH SYNOPSIS\n.B logboom\n.I COMMAND\n[OPTIONS] [ARGUMENTS]",
        f".SH DESCRIPTION\n{_roff(' '.join(about.split()))}",
        ".SH COMMANDS",
        *(f".SS logboom {_roff(' '.join(command))}\n.nf\n{_roff(helped(*command))}\n.fi" for command in commands()),
        ".SH FILES\n" + _terms(_FILES),
        ".SH EXIT STATUS\n" + _terms(_ENDS),
    ]
    return "\n".join(sections) + "\n"


def _terms(terms: dict[str, str]) -> str:
    return "\n".join(f".TP\n.B {_roff(term)}\n{_roff(meaning)}" for term, meaning in terms.items())


def _roff(text: str) -> str:
    """As it stands: no line is a request, no character an escape."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\`").replace("'", "\\(aq")
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.stdout.write(manual())
