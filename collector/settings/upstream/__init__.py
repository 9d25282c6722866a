"""What the OpenTelemetry Collector has: facts about its component types, by which a file written for it is understood.

types      which signals a type is for
extensions what an extension is for, and why it has no effect here
"""
