"""A real Kafka (KRaft, one node), from Maven artifacts, on loopback, for tests. Maven and Java 17 are needed."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._metadata import PartitionMetadata
from confluent_kafka.cimpl import NewTopic

from collector.testing.service import free_ports
from counterparts.certificates import Pair
from counterparts.maven_jars import jars

SOURCES = Path(__file__).parent / "kafka"
_FORMAT_SECS, _START_SECS, _STOP_SECS, _CALL_SECS = 120, 240, 60, 120
_JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
_CLUSTER = "bG9nYm9vbS10ZXN0cy1rYQ"
_QUIET = {"log_level": 0, "socket.connection.setup.timeout.ms": 5000, "reconnect.backoff.max.ms": 500}
_ONE_NODE = {
    "process.roles": "broker,controller", "node.id": "1", "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false", "message.max.bytes": str(8 << 20), "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.replication.factor": "1", "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1", "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4", "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1", "share.coordinator.state.topic.num.partitions": "1",
    "log.cleaner.dedupe.buffer.size": str(16 << 20),
}  # fmt: skip


class Kafka:
    """One broker, which is its own controller, with its data in `folder`; started again it has the same ports and data.

    Topics are not made by themselves; messages have up to 8 MiB. Ready some 4 s after `start`, with 280 MB of memory.

    Args:
        heap: of Java (`-Xmx`).
        settings: of the broker, over those above.
        users: name → password: who may come to `sasl_address` by SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512) over TLS; needs `certificate`.
            By OAUTHBEARER any token may that is not signed (`alg: none`) and has not ended.
        proxied: ports of proxies, to which clients are told to come; `behind` are the ports that those are to go on to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        heap: str = "256m",
        settings: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
        certificate: Pair | None = None,
        proxied: Sequence[int] = (),
    ) -> None:
        self._folder, self._heap, self._users = folder, heap, dict(users or {})
        port, sasl, controller = free_ports(3)
        self.address, self.sasl_address = f"127.0.0.1:{port}", f"127.0.0.1:{sasl}"
        self._config = folder / "server.properties"
        listeners = {"PLAINTEXT": self.address, "CONTROLLER": f"127.0.0.1:{controller}"}
        secured = self._secured(certificate) if certificate is not None else {}
        if secured:
            listeners["SASL_SSL"] = self.sasl_address
        self.behind = free_ports(len(proxied)) if proxied else []
        doors = {f"DOOR{number}": f"127.0.0.1:{port}" for number, port in enumerate(self.behind)}
        advertised = {f"DOOR{number}": f"127.0.0.1:{port}" for number, port in enumerate(proxied)}
        told = {
            **_ONE_NODE, **secured, **_advertised(listeners, advertised), "log.dirs": str(folder / "data"), "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": ",".join(f"{name}://{address}" for name, address in (listeners | doors).items()), **(settings or {}),
        }  # fmt: skip
        self._config.write_text("".join(f"{name}={value}\n" for name, value in told.items()))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it answers."""
        if not (self._folder / "data").exists():
            self._format()
        log = self._folder / "log"
        command = [
            *_JAVA,
            "-Xms64m",
            f"-Xmx{self._heap}",
            "-Dlog4j2.level=WARN",
            "-cp",
            f"{jars(SOURCES, '-DincludeScope=runtime')}/*",
            "kafka.Kafka",
            str(self._config),
        ]
        with log.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"Kafka does not start (Java 17 is needed):\n{log.read_text()[-3000:]}")

    def stop(self) -> None:
        """In good order (SIGTERM); safe twice."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL; safe twice."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: connections stay, and nothing is answered any more when this returns."""
        self._signal(signal.SIGSTOP)
        while self._process is not None and self._process.poll() is None and not _is_stopped(self._process.pid):
            time.sleep(0.005)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    @property
    def pid(self) -> int:
        """Of the broker that runs."""
        assert self._process is not None
        return self._process.pid

    def admin(self) -> AdminClient:
        """To make topics, delete records, change settings."""
        return AdminClient({"bootstrap.servers": self.address, **_QUIET})

    def make(self, *topics: str, partitions: int = 1, settings: Mapping[str, str] | None = None) -> None:
        """Topics that are there, with a leader, when this returns."""
        admin = self.admin()
        wanted = [NewTopic(topic, partitions, 1, config=dict(settings or {})) for topic in topics]
        for made in admin.create_topics(wanted, request_timeout=_CALL_SECS).values():
            made.result()
        for topic in topics:
            while any(p.leader == -1 for p in self._partitions(admin, topic).values()) or not self._partitions(
                admin, topic
            ):
                time.sleep(0.02)

    def send(
        self,
        topic: str,
        *values: bytes,
        key: bytes | None = None,
        partition: int = -1,
        headers: Mapping[str, str | bytes | None] | None = None,
    ) -> None:
        """Messages, in order, all of them written when this returns."""
        producer, failed = Producer({"bootstrap.servers": self.address, "enable.idempotence": True, **_QUIET}), []

        def told(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failed.append(str(error))

        for value in values:
            producer.produce(topic, value, key=key, partition=partition, headers=dict(headers or {}), on_delivery=told)
            producer.poll(0)
        assert producer.flush(_CALL_SECS) == 0
        assert not failed, failed[0]

    def messages(self, topic: str) -> list[Message]:
        """All that is committed in a topic now, partition by partition."""
        config = {"bootstrap.servers": self.address, "group.id": "tests", "enable.auto.commit": False, "enable.partition.eof": True,
                  "isolation.level": "read_committed", "fetch.wait.max.ms": 10, **_QUIET}  # fmt: skip
        consumer = Consumer(config)
        try:
            partitions = self._partitions(self.admin(), topic)
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
            return _to_the_end(consumer, len(partitions))
        finally:
            consumer.close()

    def committed(self, group: str, topic: str, partition: int = 0) -> int:
        """The group's offset; negative: none."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": group, **_QUIET})
        try:
            return int(consumer.committed([TopicPartition(topic, partition)], _CALL_SECS)[0].offset)
        finally:
            consumer.close()

    def _answers(self) -> bool:
        with contextlib.suppress(KafkaException):
            return bool(self.admin().list_topics(timeout=1).brokers)
        return False

    def _partitions(self, admin: AdminClient, topic: str) -> dict[int, PartitionMetadata]:
        return dict(admin.list_topics(topic, timeout=_CALL_SECS).topics[topic].partitions)

    def _secured(self, certificate: Pair) -> dict[str, str]:
        together = self._folder / "broker.pem"
        together.write_bytes(certificate.key.read_bytes() + certificate.cert.read_bytes())
        users = " ".join(f'user_{name}="{password}"' for name, password in self._users.items())
        prefix = "listener.name.sasl_ssl."
        return {
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
            prefix + "ssl.keystore.type": "PEM", prefix + "ssl.keystore.location": str(together),
            prefix + "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
            prefix + "plain.sasl.jaas.config": f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};",
            prefix + "scram-sha-256.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            prefix + "scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            prefix + "oauthbearer.sasl.jaas.config":
            'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
        }  # fmt: skip

    def _format(self) -> None:
        """Kafka's own tool does it once for each set of users: what it writes knows neither ports nor folders."""
        given = repr((sorted(self._users.items()), _CLUSTER)).encode()
        home = jars(SOURCES, "-DincludeScope=runtime")
        kept = home.with_name(f"{home.name}-formatted-{hashlib.sha256(given).hexdigest()[:16]}")
        if kept.exists():
            shutil.copytree(kept, self._folder / "data")
            return
        self._format_anew()
        with tempfile.TemporaryDirectory(dir=home.parent) as folder, contextlib.suppress(OSError):  # another was faster
            shutil.copytree(self._folder / "data", Path(folder) / "data").rename(kept)

    def _format_anew(self) -> None:
        command = [
            *_JAVA,
            "-cp",
            f"{jars(SOURCES, '-DincludeScope=runtime')}/*",
            "kafka.tools.StorageTool",
            "format",
            "-t",
            _CLUSTER,
            "-c",
            str(self._config),
        ]
        for name, password in self._users.items():
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                command += ["--add-scram", f"{mechanism}=[name={name},password={password}]"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FORMAT_SECS, check=False)
        assert done.returncode == 0, f"Kafka's storage can't be formatted:\n{(done.stdout + done.stderr)[-3000:]}"

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _end(self, number: int) -> None:
        self._signal(number)
        self._signal(signal.SIGCONT)
        if self._process is not None:
            try:
                self._process.wait(_STOP_SECS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def _is_stopped(pid: int) -> bool:
    """Whether each thread of it is: that takes a moment on a machine that has much to do."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ends just now
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return all((task / "stat").read_text().rpartition(") ")[2][0] == "T" for task in tasks)
    return False


def _advertised(listeners: Mapping[str, str], doors: Mapping[str, str]) -> dict[str, str]:
    """What clients are told where some come through proxies."""
    if not doors:
        return {}
    shown = {name: address for name, address in listeners.items() if name != "CONTROLLER"} | dict(doors)
    protocols = {name: "SASL_SSL" if name == "SASL_SSL" else "PLAINTEXT" for name in (*listeners, *doors)}
    return {
        "advertised.listeners": ",".join(f"{name}://{address}" for name, address in shown.items()),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
    }


def _to_the_end(consumer: Consumer, partitions: int) -> list[Message]:
    """Until each of so many partitions is at its end."""
    found: dict[int, list[Message]] = {}
    ended, deadline = 0, time.monotonic() + _CALL_SECS
    while ended < partitions:
        assert time.monotonic() < deadline, "Kafka does not give its messages"
        for message in consumer.consume(1000, 0.1):
            error = message.error()
            if error is None:
                found.setdefault(message.partition() or 0, []).append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                ended += 1
    return [message for _, each in sorted(found.items()) for message in each]
