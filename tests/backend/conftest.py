"""The application on a real database of each kind, and callers of it.

The tests of one process share an application per kind of database; each has owners of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from backend.app import create_app
from backend.auth.keys import create_key
from backend.auth.passwords import Passwords
from backend.auth.users import create_user
from backend.services import EXTENSION, Services
from backend.settings import Settings
from tests.conftest import DATABASES
from tests.databases import PostgresqlDatabases, SqliteDatabases

PASSWORD = "correct horse"
CRON_SECRET = "cron-secret"

NewApp = Callable[[Settings], Flask]


@dataclass(frozen=True, slots=True)
class Web:
    """A running application and the database behind it."""

    app: Flask
    engine: Engine


@dataclass(frozen=True, slots=True)
class Person:
    """An owner who can sign in with PASSWORD."""

    id: int
    email: str


@dataclass(frozen=True, slots=True)
class Caller:
    """A client of the API that sends the same headers with every request."""

    client: FlaskClient
    headers: dict[str, str]

    def get(self, path: str, **query: object) -> TestResponse:
        """Return the answer to a GET."""
        sent = {name.rstrip("_"): str(value) for name, value in query.items()}
        return self.client.get(path, query_string=sent, headers=self.headers)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Return the answer to a POST of JSON, or of `data` where that is given."""
        headers = self.headers | options.pop("headers", {})
        if "data" not in options:
            options["json"] = {} if body is None else body
        return self.client.post(path, headers=headers, **options)

    def patch(self, path: str, body: Any) -> TestResponse:
        """Return the answer to a PATCH of JSON."""
        return self.client.patch(path, json=body, headers=self.headers)

    def ingest(self, *events: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Post events as one batch; return the answer, which must be a 200."""
        response = self.post("/api/obs/ingest/events", {"events": list(events), **more})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = exact_json(response)
        return answer


NewKey = Callable[..., Caller]


def exact_json(response: TestResponse) -> Any:
    """Return the JSON of an answer, its decimals exact."""
    return msgspec.json.Decoder(float_hook=Decimal).decode(response.data)


@pytest.fixture(scope="session", params=DATABASES)
def web(request: pytest.FixtureRequest) -> Iterator[Web]:
    databases: SqliteDatabases | PostgresqlDatabases = request.getfixturevalue(
        f"{request.param}_databases"
    )
    with databases.migrated() as url:
        app = create_app(Settings(url, "s" * 32, cron_secret=CRON_SECRET))
        engine = services_of(app).engine
        yield Web(app, engine)
        engine.dispose()


@pytest.fixture
def new_app() -> Iterator[NewApp]:
    """Make applications whose connections are closed at the end of the test."""
    apps: list[Flask] = []

    def make(settings: Settings) -> Flask:
        apps.append(create_app(settings))
        return apps[-1]

    yield make
    for app in apps:
        services_of(app).engine.dispose()


def services_of(app: Flask) -> Services:
    """Return what the views of an application work with."""
    services: Services = app.extensions[EXTENSION]
    return services


@pytest.fixture
def client(web: Web) -> FlaskClient:
    """A caller who is nobody."""
    return web.app.test_client()


@pytest.fixture(scope="session")
def password_hash() -> str:
    return Passwords().hash(PASSWORD)


@pytest.fixture
def new_person(web: Web, password_hash: str) -> Callable[[], Person]:
    def make() -> Person:
        email = f"{uuid4().hex}@example.com"
        user = create_user(web.engine, email=email, password_hash=password_hash)
        assert user is not None
        return Person(user.id, email)

    return make


@pytest.fixture
def ada(new_person: Callable[[], Person]) -> Person:
    """The owner whom a test is about."""
    return new_person()


@pytest.fixture
def bob(new_person: Callable[[], Person]) -> Person:
    """Another owner, of whom Ada sees nothing."""
    return new_person()


@pytest.fixture
def new_key(web: Web) -> NewKey:
    """Make callers with a new API key."""

    def make(owner: Person, *scopes: str) -> Caller:
        secret, _ = create_key(web.engine, owner.id, name="test", scopes=scopes)
        return Caller(web.app.test_client(), {"Authorization": f"Bearer {secret}"})

    return make


@pytest.fixture
def ingest_key(new_key: NewKey, ada: Person) -> Caller:
    return new_key(ada, "ingest")


@pytest.fixture
def read_key(new_key: NewKey, ada: Person) -> Caller:
    return new_key(ada, "read")


@pytest.fixture
def bobs_key(new_key: NewKey, bob: Person) -> Caller:
    """A key of Bob's that may do everything a key may."""
    return new_key(bob, "ingest", "read")


@pytest.fixture
def session_client(web: Web, ada: Person) -> Caller:
    """Ada, who has signed in and sends the CSRF token."""
    client = web.app.test_client()
    response = client.post("/api/auth/login", json={"email": ada.email, "password": PASSWORD})
    assert response.status_code == 200, response.text
    return Caller(client, {"X-CSRF-Token": exact_json(response)["csrf_token"]})
