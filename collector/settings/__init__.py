"""YAML in, typed configuration out; errors that people can act on."""

from collector.settings.load import load
from collector.settings.model import PipelineSettings, Settings
from collector.settings.render import render
from collector.settings.service import ServiceConfig

__all__ = ["PipelineSettings", "ServiceConfig", "Settings", "load", "render"]
