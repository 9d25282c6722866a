"""Packages that are known by name, whose modules are no part of the program that uses them: of the loggers
`urllib3.connectionpool` and `sqlx::query` the package is the component.
"""

from __future__ import annotations

_PYTHON = (
    "boto boto3 botocore s3transfer aiobotocore urllib3 requests httpx httpcore h11 h2 hpack aiohttp websockets tornado twisted "
    "django flask werkzeug starlette fastapi uvicorn hypercorn gunicorn celery kombu amqp billiard dramatiq huey rq airflow "
    "prefect apscheduler sqlalchemy alembic asyncpg psycopg psycopg2 pymysql pymongo motor redis kafka aiokafka confluent_kafka "
    "pika aio_pika elasticsearch elastic_transport opensearch opensearchpy cassandra neo4j grpc google azure msal msrest "
    "kubernetes docker paramiko fabric ansible scrapy PIL matplotlib numba dask distributed torch tensorflow transformers "
    "openai anthropic langchain llama_index stripe sentry_sdk ddtrace newrelic slack_sdk telegram discord passlib jose "
    "oauthlib requests_oauthlib markdown filelock fsspec s3fs gcsfs watchfiles asyncio concurrent multiprocessing py4j "
    "sqlx hyper hyper_util reqwest tower tower_http tonic rustls tokio tokio_util tokio_postgres tokio_tungstenite axum "
)
_RUST = (
    "actix_web actix_server actix_http rdkafka lapin mio want diesel sea_orm sea_orm_migration tungstenite rocket warp "
    "aws_config aws_smithy_runtime aws_sdk_s3 quinn lettre deadpool bb8 r2d2 refinery "
)
LIBRARIES = frozenset([*_PYTHON.split(), *_RUST.split()])
