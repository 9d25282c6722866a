"""Authlib's OAuth 2.0 server (RFC 6749, 9068) with discovery and JWKS, on a port of its own: who asks it gets real tokens."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from typing import Any, Self

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask, Response, jsonify
from joserfc.jwk import ECKey, KeySet, RSAKey
from werkzeug.serving import make_server

os.environ.setdefault("AUTHLIB_INSECURE_TRANSPORT", "1")  # loopback, without TLS
logging.getLogger("werkzeug").setLevel(logging.ERROR)
KINDS: dict[str, Any] = {
    "RS256": lambda kid: RSAKey.generate_key(2048, parameters={"kid": kid, "use": "sig"}, auto_kid=False),
    "ES256": lambda kid: ECKey.generate_key("P-256", parameters={"kid": kid, "use": "sig"}, auto_kid=False),
}  # fmt: skip


class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A registered client."""

    def __init__(self, ident: str, secret: str) -> None:
        self.ident, self.secret = ident, secret

    def get_client_id(self) -> str:
        return self.ident

    def check_client_secret(self, client_secret: str) -> bool:
        return bool(client_secret == self.secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: str) -> str:
        return scope


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]


class _Tokens(JWTBearerTokenGenerator):  # type: ignore[misc]
    def __init__(self, provider: OidcProvider) -> None:
        super().__init__(provider.url, alg=provider.algorithm)
        self._provider = provider

    def get_jwks(self) -> Any:
        return KeySet([self._provider.keys[-1]])

    def get_audiences(self, client: Any, user: Any, scope: Any) -> str:
        return self._provider.audience

    def get_extra_claims(self, client: Any, grant_type: Any, user: Any, scope: Any) -> dict[str, Any]:
        return dict(self._provider.claims)

    def _get_expires_in(self, client: Any, grant_type: Any) -> int:
        return self._provider.lifetime_secs


class OidcProvider:
    """Serves from `with` on. What it says can be changed at any time.

    Args:
        algorithm: what it signs with.
    """

    def __init__(self, algorithm: str = "RS256") -> None:
        self.algorithm = algorithm
        self.keys: list[Any] = [KINDS[algorithm]("first")]
        self.audience = "logboom"
        self.claims: dict[str, Any] = {"domain": "tamyla.com"}
        self.lifetime_secs = 600
        self.down = False
        self.asked: list[str] = []
        self.cache_control = "max-age=3600"
        self._http = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def rotate(self) -> None:
        """Sign with a new key from now on; the old ones are gone."""
        self.keys = [KINDS[self.algorithm](f"key-{time.monotonic_ns()}")]

    def jwks(self) -> dict[str, Any]:
        """Its public keys."""
        return dict(KeySet(self.keys).as_dict(private=False))

    def token(self, scope: str = "logs:write", secret: str = "s3cret") -> str:
        """A token of the client `checkout`, as its token endpoint gives it."""
        import urllib.parse
        import urllib.request

        form = {"grant_type": "client_credentials", "client_id": "checkout", "client_secret": secret, "scope": scope}
        with urllib.request.urlopen(f"{self.url}/token", urllib.parse.urlencode(form).encode(), timeout=20) as answer:
            return str(json.loads(answer.read())["access_token"])

    def _app(self) -> Flask:
        app = Flask("provider")
        server = AuthorizationServer(
            app, query_client=lambda ident: Client("checkout", "s3cret") if ident == "checkout" else None, save_token=lambda *_: None
        )  # fmt: skip
        server.register_grant(_Grant)

        @app.before_request
        def note() -> Response | None:
            from flask import request

            self.asked.append(request.path)
            return Response("down", 503) if self.down else None

        @app.post("/token")
        def token() -> Any:
            server.register_token_generator("default", _Tokens(self))
            return server.create_token_response()

        @app.get("/.well-known/openid-configuration")
        def discovery() -> Response:
            return jsonify(issuer=self.url, jwks_uri=f"{self.url}/jwks", token_endpoint=f"{self.url}/token")

        @app.get("/jwks")
        def jwks() -> Response:
            answer = jsonify(self.jwks())
            answer.headers["Cache-Control"] = self.cache_control
            return answer

        return app
