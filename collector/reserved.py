"""Names that belong to logboom itself: no configuration, host, header, key or claim can take them."""

RECEIVER = "service"
"""The receiver of what people do and the service knows: the control journal alone has entries of it."""
PIPELINE = "logs/service"
"""The pipeline that it goes through, implied by every configuration."""
DOMAIN = "logboom"
"""The operator's domain, where nothing else is chosen (`service.domains.operator`)."""
