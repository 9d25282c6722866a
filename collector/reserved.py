"""Names that belong to logboom itself: no configuration, host, header, key or claim can take them."""

RECEIVER = "service"
"""The receiver of what people do and the service knows: the control journal alone has entries of it."""
PIPELINE = "logs/service"
"""The pipeline that it goes through, implied by every configuration."""
COMMANDS = "logboom.command."
"""How the names of commands begin."""
SERVICE_EVENTS = "logboom.service."
"""How the names of events of the service begin."""
APPLIED, REFUSED = f"{COMMANDS}applied", f"{COMMANDS}refused"
"""What the owner of a command makes of it; nobody can send one."""
AUDIT = "audit of the service"
"""Under which name the ledger keeps where the audit chains stand: no component has such an id."""
SUBJECT_VALUE = "logboom.subject.value"
"""Attribute of a command that is about a person: it is for the command's owner alone, and taken out of the record when that has it."""
DOMAIN = "logboom"
"""The operator's domain, where nothing else is chosen (`service.domains.operator`)."""


def memory_of(component: str) -> str:
    """Under which name the ledger keeps the ids of commands that a component has carried out: no component has such an id."""
    return f"commands of {component}"


def refiner_name(receiver: str, pipeline: str) -> str:
    """Under which name the ledger keeps what a receiver's own steps remember in a pipeline: no component has such an id."""
    return f"operators of {receiver} in {pipeline}"


def guard_name(kind: str, pipeline: str) -> str:
    """Under which name the ledger keeps the different things of a kind that domains named: no component has such an id."""
    return f"{kind.replace('_', ' ')} of {pipeline}"


CONNECTION = "logboom.connection.ip"
"""Attribute of a request's resources: from which address it came, where a processor asks (`KnowsConnections`). Nobody else's word for it is kept."""
MALFORMED = "logboom.syslog.malformed"
"""Attribute of records of syslog that are no message of their protocol, or came in no frame as it should be: why."""


def carrier_name(signal: str, ident: str) -> str:
    """Under which name a receiver or exporter carries requests of another signal (`traces:otlp/main`): no component has such an id."""
    return f"{signal}:{ident}"


def carried_by(name: str) -> str:
    """The id of the component that carries under this name, or is called so."""
    signal, colon, ident = name.partition(":")
    return ident if colon and "/" not in signal else name
