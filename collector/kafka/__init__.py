"""Kafka: what is asked of a cluster of brokers (`wire`), and how real ones are reached. Nothing here imports the library, which is an extra,
before a client is made.

wire.py         the protocols that real and simulated clusters answer
options.py      what a configuration says of brokers, TLS and SASL
properties.py   librdkafka's own properties, and those that are ours
client.py       a configuration for a client, in librdkafka's words
tokens.py       OAUTHBEARER: tokens of an extension, and Amazon's
"""
