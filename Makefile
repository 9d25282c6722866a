PYTHON ?= python3
VENV   := .venv
export PYTHONPATH := $(CURDIR)/tests
export PYTHONDONTWRITEBYTECODE :=   # tests start the product hundreds of times: it is compiled once
export LOGBOOM_EXAMPLES        # 1: each property is tried on all of its examples, not on a quarter
BIN    := $(VENV)/bin

.PHONY: cluster-kills cluster-pauses cluster-upgrade cluster-machine cluster-mutations check-archive causes-score patterns-score redact-score bench-redact setup demo test test-fast test-all check docs bench bench-alerting bench-console bench-console-load alert-latency bench-old bench-encoding bench-files bench-syslog bench-siem bench-elasticsearch soak chaos check-logcli check-loki tail-kills audit fuzz api-fuzz sdk-answers faults otelcol compare compare-alertmanager deploy-tools check-image check-kubernetes check-alert-rules check-responses check-packages packages check-install site availability weeks nab check-k8s-attributes check-k8s-receivers check-opamp clean check-copies bench-cluster

setup: $(VENV)/.ready          ## create .venv with everything the project needs

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: setup                    ## run logboom with sample traffic and look at the result (KEEP=1: leaves the console up)
	$(BIN)/logboom demo $(if $(KEEP),--keep)

test: setup                    ## run all tests
	$(BIN)/python -m pytest -q -n auto --dist worksteal

test-fast: setup               ## units without the slow ones: what to run while writing
	$(BIN)/python -m pytest -q -n auto tests/unit -m "not slow"

test-all:                      ## all tests in their long forms, and `make chaos`: hours
	$(MAKE) test LOGBOOM_EXAMPLES=1
	$(MAKE) faults chaos

check: setup                   ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

faults: setup                  ## the long forms: 200 kills, 1,000 lone requests, millions of looks at a journal under its writer
	LOGBOOM_LOOP_STEPS=10000 $(BIN)/python -m pytest -q tests/unit/connectors/test_alerting.py --timeout=7200
	LOGBOOM_FAULT_ROUNDS=200 $(BIN)/python -m pytest -q tests/faults tests/faults/check_alert_kills.py --timeout=7200
	LOGBOOM_LONE_REQUESTS=1000 LOGBOOM_LOOKS=5000000 $(BIN)/python -m pytest -q -s tests/e2e/test_lone_requests.py \
		tests/unit/journal/test_journal_reader.py --timeout=7200

bench-alerting: setup          ## what alerting costs with 10,000 groups and 1,000 silences; what a storm of 100,000 alerts comes to (virtual time)
	$(BIN)/python tests/bench/alerting.py

LATENCY_SECONDS ?= 60
alert-latency: setup           ## from a critical record to its row in SQLite, and to the call, beside 20,000 records/s (LATENCY_SECONDS)
	$(BIN)/python tests/bench/alert_latency.py --seconds $(LATENCY_SECONDS)

docs: setup                    ## refresh option tables and config/schema.json from the options' declarations
	$(BIN)/python -m collector.settings.documentation

.PHONY: bench-compare
bench: otelcol-bench           ## measure against Rotel and the OpenTelemetry Collector (Go); adds a line to tests/bench/history
	$(BIN)/python tests/bench/run.py --keep

bench-compare: setup           ## the newest run of `make bench` beside the one before (AGAINST=commit); ends with 1 where something is over a tenth dearer
	$(BIN)/python tests/bench/history.py $(if $(AGAINST),--against $(AGAINST))

bench-kafka: setup             ## µs of CPU a record to a real Kafka and from it (Maven, Java 17)
	POLARS_MAX_THREADS=1 $(BIN)/python tests/bench/kafka.py

RECORDS ?= 10000000
bench-console: setup           ## what pages and the API take over a store of RECORDS (10^7: 10 GB, some five minutes)
	$(BIN)/python tests/bench/console.py --records $(RECORDS)

SEARCH_SECONDS ?= 60
bench-console-load: setup      ## acknowledgements and rows stored at 20,000 records/s, with and without ten clients that search (SEARCH_SECONDS)
	$(BIN)/python tests/bench/console_load.py --seconds $(SEARCH_SECONDS)

bench-old: setup               ## this tree against another one: OLD=../worktree, which has a .venv of its own
	$(BIN)/python tests/bench/against.py $(OLD)

bench-files: setup             ## what following files costs: lines a second and core, plain, regex, CRI, CRI with JSON; 10,000 quiet files
	$(BIN)/python tests/bench/files.py

bench-syslog: setup            ## what taking syslog and lines costs over UDP and TCP: µs a record, CPU of all processes
	$(BIN)/python tests/bench/syslog.py

bench-encoding: setup          ## what each exporter's encoding costs
	$(BIN)/python tests/bench/encoding.py

causes-score: setup            ## how often the faulty service is found from logs alone, on Nezha: CORPORA=folder with nezha/
	$(BIN)/python tests/bench/causes_score.py $(CORPORA)

bench-redact: setup            ## what redact costs a record
	PYTHONPATH=.:proto:tests $(BIN)/python tests/bench/redact.py

redact-score: setup            ## precision and recall of what `redact` finds, by class: LABELLED=file, else the labelled set
	PYTHONPATH=.:proto:tests $(BIN)/python tests/corpus/test_personal.py $(LABELLED)

patterns-score: setup          ## how well lines with known groups are grouped: CORPORA=path, see the script
	$(BIN)/python tests/bench/patterns_score.py $(CORPORA)

check-copies: setup            ## the tests of the ledger on a partition that is a copy of a changelog: but for those of spill files, which it has none of
	LOGBOOM_LEDGER=copy $(BIN)/python -m pytest -q -n auto tests/unit/ledger \
	  -k "not spill and not no_queue_knows and not does_not_keep_the_journal"

bench-cluster: setup           ## what a partition on Kafka costs beside LMDB alone, how fast it is restored, and what 1 to 8 of them cost on 1 to 4 workers (Java 17, Maven)
	$(BIN)/python tests/bench/cluster.py
	$(BIN)/python tests/bench/cluster_intake.py
	$(BIN)/python tests/bench/cluster_scale.py

bench-siem: setup              ## OTLP in, SIEM protocols out, to a sink on loopback
	$(BIN)/python tests/bench/siem.py

bench-elasticsearch: otelcol   ## logboom and the OpenTelemetry Collector into OpenSearch, in one run; logboom into D1
	$(BIN)/python tests/bench/otelcol_elasticsearch.py

bench-collector: setup         ## five typical configurations: CPU per record, logboom's and the Collector's (Go), in one run
	$(BIN)/python tests/bench/otelcol_configurations.py

bench-collector-files: setup   ## files followed by logboom and by the Collector (Go): CPU per line for plain, regex, JSON, CRI, CRI with JSON, in one run
	$(BIN)/python tests/bench/otelcol_files.py

SEEDS ?= 101
weeks: setup                   ## four simulated weeks with sixty incidents through the processor anomalies (SEEDS; 3 minutes each)
	$(BIN)/python -m weeks $(SEEDS)

check-archive: setup            ## the archive and backups against Versity's S3 gateway, built from its Go module (3 minutes the first time)
	LOGBOOM_S3=versitygw $(BIN)/python -m pytest -q tests/faults/test_archive.py tests/faults/test_awss3.py tests/unit/backup

MINUTES ?= 60
SOAK_SECONDS ?= 7200
RATE    ?= 2000
nab: setup                     ## the detector of numbers on the Numenta Anomaly Benchmark: CORPORA=folder with score_nab.py and nab/
	PYTHONPATH=. $(BIN)/python tests/bench/nab.py $(CORPORA)

soak: setup                    ## mixed traffic for two hours (SOAK_SECONDS, RATE): are memory, descriptors, threads and disk flat, is all counted once
	$(BIN)/python tests/bench/soak.py --seconds $(SOAK_SECONDS) --rate $(RATE)

chaos: MINUTES = 15
chaos: setup                   ## a quarter of an hour of everything that goes wrong (MINUTES, SEED): does all that is promised hold
	$(BIN)/python -m chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

.PHONY: otelcol-bench
otelcol-bench: setup
	$(BIN)/python -m counterparts.otelcol bench

otelcol: setup                 ## build the OpenTelemetry Collectors that logboom is compared with (needs Go)
	$(BIN)/python -m counterparts.otelcol

compare: otelcol               ## compare with the OpenTelemetry Collectors anew; git shows what changed in the kept results
	$(BIN)/python tests/counterparts/otelcol/record_elasticsearch.py
	$(BIN)/python tests/counterparts/otelcol/record_splunk_hec.py
	$(BIN)/python tests/counterparts/otelcol/record_hec_door.py
	$(BIN)/python tests/counterparts/otelcol/record_syslog.py
	$(BIN)/python -m pytest -q tests/counterparts/otelcol/compare_*.py tests/conformance/test_otelcol_*.py

compare-alertmanager: setup    ## play scripts of alerts to a real Alertmanager, built from its Go module (Go 1.25), and compare; half a minute
	$(BIN)/python -m counterparts.alertmanager.record
	$(BIN)/python -m pytest -q tests/conformance/test_alertmanager_decisions.py

check-loki: setup              ## push to a real Grafana Loki, built from its Go module (5 minutes the first time): bad days, what it refuses, what it keeps
	$(BIN)/python -m pytest -q tests/faults/check_loki.py

check-logcli: setup            ## let Grafana Loki's logcli, built from its Go module, ask and follow the console (5 minutes the first time)
	$(BIN)/python -m pytest -q tests/e2e/check_logcli.py

TAIL_SECONDS ?= 60
cluster-machine: setup         ## the state machine of the cluster on 2,000 examples (EXAMPLES): deaths at each point, commits nobody knows of, zombies
	LOGBOOM_CLUSTER_EXAMPLES=$(or $(EXAMPLES),2000) $(BIN)/python -m pytest -q tests/unit/cluster/test_protocol_machine.py

cluster-kills: setup           ## three logbooms on one Kafka, 200 times killed, stopped, cut off, restarted, the broker as well (ROUNDS): is each record stored once
	LOGBOOM_FAULT_ROUNDS=$(or $(ROUNDS),200) $(BIN)/python -m pytest -q -s -n0 tests/faults/test_cluster_kills.py --timeout=14400

cluster-pauses: setup          ## the same, twelve times (ROUNDS) with 20 s between (APART): how long each fault alone makes a partition wait
	LOGBOOM_FAULT_ROUNDS=$(or $(ROUNDS),12) LOGBOOM_FAULT_APART=$(or $(APART),20) $(BIN)/python -m pytest -q -s -n0 tests/faults/test_cluster_kills.py -k whatever_dies --timeout=14400

cluster-upgrade: setup         ## three logbooms of an older commit (FROM) on one Kafka, replaced by this tree's one by one under load (BACK=1: and back)
	FROM=$(FROM) BACK=$(BACK) $(BIN)/python -m pytest -q -s -n0 tests/faults/check_cluster_upgrade.py

cluster-mutations: setup       ## sixteen faults planted in the cluster's code, one by one: the state machine must find each
	$(BIN)/python -m pytest -q -s -n0 tests/faults/check_cluster_mutations.py

tail-kills: setup              ## 500 records/s for a minute (TAIL_SECONDS) while console, worker and connections are killed: is each shown once
	LOGBOOM_TAIL_SECONDS=$(TAIL_SECONDS) $(BIN)/python -m pytest -q -s tests/faults/test_tail_kills.py --timeout=1800

.PHONY: compare-collector bench-collector bench-collector-files
compare-collector: setup       ## send the same records through a real Collector (Go) and through logboom, with 15 configurations of our own and those of LOGBOOM_CONFORMANCE_DIR
	$(BIN)/python -m counterparts.configurations.record
	$(BIN)/python -m pytest -q tests/counterparts/configurations/compare_running.py tests/conformance/test_otelcol_configurations.py

sdk-answers: setup             ## what the SDKs of Python, JavaScript, Go and Java do with each answer of each authenticator; writes api_keys' README
	$(BIN)/python tests/integration/otlp/sdk_answers.py

fuzz: setup                    ## a million inputs at the doors; what breaks something is kept in tests/fuzz/corpus
	$(BIN)/python -m fuzz

API_EXAMPLES ?= 200
api-fuzz: setup                ## requests that schemathesis makes of the console's API, right and wrong ones, against its document (API_EXAMPLES)
	LOGBOOM_API_EXAMPLES=$(API_EXAMPLES) $(BIN)/python -m pytest -q tests/unit/console/test_api_document.py --timeout=7200

audit: setup                   ## what the wheel brings with it: advisories, licences, a bill of materials (build/sbom.json)
	$(BIN)/python tests/audit/audit.py

deploy-tools:                  ## Debian packages that the checks of deploy/ need: root
	apt-get update
	apt-get install --yes --no-install-recommends buildah debootstrap iproute2 rpm systemd-container

check-image: setup             ## build deploy/container's image with buildah and run it on a read-only file system (6 minutes; root)
	$(BIN)/python -m pytest -q tests/deploy/check_container.py --timeout=3600

check-kubernetes: setup        ## give deploy/helm's objects to a real API server, built from Go modules (6 minutes the first time)
	$(BIN)/python -m pytest -q tests/deploy/check_kubernetes.py

check-alert-rules: setup        ## let a real promtool, built from its Go module, read the alert rules and run them on series (10 minutes the first time)
	$(BIN)/python -m pytest -q tests/deploy/check_alert_rules.py

check-responses: setup         ## restart a workload of a real API server and a unit of a real systemd (root); what they answered is kept
	$(BIN)/python -m pytest -q tests/deploy/check_responses.py

check-k8s-receivers: setup     ## the receivers k8s_events and k8s_objects on a real API server, killed in between
	$(BIN)/python -m pytest -q tests/deploy/check_k8s_receivers.py

check-opamp: setup             ## a logboom that opamp-go's server manages (built from its Go module): both transports, kills, configurations that break
	$(BIN)/python -m pytest -q tests/deploy/check_opamp.py

check-k8s-attributes: setup    ## the processor k8s_attributes on a real API server
	$(BIN)/python -m pytest -q tests/deploy/check_k8s_attributes.py

NFPM ?= nfpm
packages: setup                ## the Debian and the RPM package, for the Python of .venv, by nfpm (NFPM); into build/packages
	$(BIN)/python deploy/packages/build.py --nfpm $(NFPM)

check-packages: setup          ## build both packages; install, run, upgrade and remove them on a Debian that systemd boots (root)
	$(BIN)/python -m pytest -q tests/deploy/check_packages.py

check-install: setup           ## install the wheel by pipx and by uv, and ask the command
	$(BIN)/python -m pytest -q tests/deploy/check_install.py

site: setup                    ## the documents as a site, in build/docs/site; a warning is an error
	$(BIN)/python docs/site.py build/docs
	cd build/docs && $(CURDIR)/$(BIN)/zensical build --strict

availability: setup            ## what restarts, reloads, deaths and upgrades cost senders; writes the figures into docs/availability.md
	$(BIN)/python tests/bench/availability.py

clean:
	rm -rf $(VENV) build dist logboom-data
