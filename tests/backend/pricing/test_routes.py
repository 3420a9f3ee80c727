"""`GET /pricing`: the list, for everyone."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.backend.conftest import exact_json

PATH = "/api/obs/pricing"
FIELDS = {
    "provider",
    "model",
    "input_cost_per_mtok",
    "output_cost_per_mtok",
    "cache_read_cost_per_mtok",
    "cache_write_cost_per_mtok",
    "effective_from",
    "effective_to",
}


def test_the_list_is_there_without_seeding(client: FlaskClient):
    rows = exact_json(client.get(PATH))["pricing"]
    assert all(set(row) == FIELDS for row in rows)
    [row] = [row for row in rows if (row["provider"], row["model"]) == ("openai", "gpt-4o")]
    assert row["input_cost_per_mtok"] > row["cache_read_cost_per_mtok"] > 0


def test_who_has_the_list_is_not_sent_it_again(client: FlaskClient):
    etag = client.get(PATH).headers["ETag"]
    again = client.get(PATH, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(PATH, headers={"If-None-Match": '"other"'}).status_code == 200
