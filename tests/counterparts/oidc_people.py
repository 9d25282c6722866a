"""The same provider for people: Authlib's code flow with PKCE and id tokens; whoever comes to its page is logged in there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, redirect, request
from joserfc.jwk import KeySet

from counterparts.oidc_provider import Client, OidcProvider


class Console(Client):
    """The console, registered there with the one address that it may send people back to."""

    def __init__(self, provider: PeopleProvider) -> None:
        super().__init__("console", provider.secret)
        self._provider = provider
        self.id_token_signed_response_alg = provider.algorithm

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == ("client_secret_basic" if self.secret else "none")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self._provider.back


@dataclass
class _Code:
    """What a code stands for."""

    code: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class PeopleProvider(OidcProvider):
    """Args:
    back: where it sends people back to.
    secret: of the console there; empty: it has none.
    """

    def __init__(self, algorithm: str = "RS256", *, back: str, secret: str = "c0nsole") -> None:
        self.back, self.secret = back, secret
        self.subject = "anna"
        self.denies = False
        self.nonce: str | None = None
        """In the place of the one that was sent."""
        self.codes: dict[str, _Code] = {}
        super().__init__(algorithm)

    def _app(self) -> Flask:
        app = super()._app()
        server = AuthorizationServer(
            app, query_client=lambda ident: Console(self) if ident == "console" else None, save_token=lambda *_: None
        )  # fmt: skip
        server.register_grant(_grant(self), [CodeChallenge(required=True), _id_tokens(self)])
        replaced = {"token": server.create_token_response, "discovery": lambda: jsonify(self._document())}
        app.view_functions.update(replaced)

        @app.get("/authorize")
        def authorize() -> Any:
            if self.denies:
                return redirect(f"{self.back}?error=access_denied&state={request.args['state']}")
            grant = server.get_consent_grant(end_user=self.subject)
            return server.create_authorization_response(grant_user=self.subject, grant=grant)

        return app

    def _document(self) -> dict[str, Any]:
        return {
            "issuer": self.url, "jwks_uri": f"{self.url}/jwks", "token_endpoint": f"{self.url}/token",
            "authorization_endpoint": f"{self.url}/authorize",
        }  # fmt: skip


def _grant(provider: PeopleProvider) -> Any:
    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "none"]

        def save_authorization_code(self, code: str, request: Any) -> None:
            asked = request.payload.data
            provider.codes[code] = _Code(
                code, asked["redirect_uri"], request.payload.scope, asked["nonce"], asked["code_challenge"], asked["code_challenge_method"]
            )  # fmt: skip

        def query_authorization_code(self, code: str, client: Any) -> _Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: _Code) -> None:
            provider.codes.pop(authorization_code.code, None)

        def authenticate_user(self, authorization_code: _Code) -> str:
            return provider.subject

    return Grant


def _id_tokens(provider: PeopleProvider) -> OpenIDCode:
    class IdTokens(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(code.nonce == nonce for code in provider.codes.values())

        def resolve_client_private_key(self, client: Any) -> Any:
            return KeySet([provider.keys[-1]])

        def get_encode_header(self, client: Any) -> dict[str, str]:
            return {"alg": provider.algorithm, "kid": provider.keys[-1].kid}

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            return {"iss": provider.url, "aud": [provider.audience]}

        def get_authorization_code_claims(self, authorization_code: _Code) -> dict[str, Any]:
            return {"nonce": provider.nonce if provider.nonce is not None else authorization_code.nonce}

        def generate_user_info(self, user: str, scope: str) -> UserInfo:
            return UserInfo(sub=user, **provider.claims)

    return IdTokens()
