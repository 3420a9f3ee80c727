"""`otel-bridge backup`, `db check` and `db vacuum`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, update

from backend import db
from backend.models import Rollup
from backend.store import EventStore
from tests.backend.commands.conftest import Run
from tests.backend.store.makers import llm_call, total


def is_embedded(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def test_a_backup_is_a_database_that_is_checked_and_never_replaced_unasked(
    run: Run, store: EventStore, engine: Engine, owner_id: int, tmp_path: Path
) -> None:
    store.append(owner_id, [llm_call()])
    file = tmp_path / "copy.db"
    done = run("backup", str(file))
    if not is_embedded(engine):
        assert done.exit_code == 1
        assert "pg_dump --format=custom" in done.stderr
        return
    assert done.exit_code == 0, done.stderr
    assert "checked" in done.stdout
    copied = db.engine_for(f"sqlite:///{file}")
    assert total(EventStore(copied), owner_id).sums.llm_calls == 1
    copied.dispose()
    assert "exists" in run("backup", str(file)).stderr
    assert run("backup", str(file), "--force").exit_code == 0


def test_the_database_itself_is_no_place_for_its_backup(run: Run, engine: Engine) -> None:
    if is_embedded(engine):
        done = run("backup", str(engine.url.database), "--force")
        assert (done.exit_code, "itself" in done.stderr) == (1, True)


def test_a_check_says_whether_the_sums_are_true(
    run: Run, store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, [llm_call()])
    done = run("db", "check")
    assert (done.exit_code, "none wrong" in done.stderr) == (0, True)
    with db.for_writing(engine).begin() as connection:
        connection.execute(update(Rollup).values(events=Rollup.events + 1))
    done = run("db", "check")
    assert (done.exit_code, "1 sums are not what the events say" in done.stdout) == (3, True)
    assert run("db", "check", "--days", "1").exit_code == 0


def test_wrong_sums_are_mended_from_the_events(
    run: Run, store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, [llm_call()])
    with db.for_writing(engine).begin() as connection:
        connection.execute(update(Rollup).values(events=Rollup.events + 1))
    assert "the sums of 1 owners follow from their events again" in run("db", "rebuild").stdout
    assert run("db", "check").exit_code == 0
    assert total(store, owner_id).sums.total_events == 1


def test_vacuum_is_for_files(run: Run, engine: Engine) -> None:
    done = run("db", "vacuum")
    assert done.exit_code == (0 if is_embedded(engine) else 1)
    assert ("bytes before" in done.stdout) == is_embedded(engine)
