"""Write the next migration from the difference between the models and the last one: `python -m storage.migrations.write "what changes"`.

A developer's tool: look the file over before committing it.
"""
from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from storage.database import Database, alembic_config


def write(message: str) -> Path:
    """The path of the new migration file, numbered after the last one."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "empty.db")
        config = alembic_config()
        number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
        if number > 1:
            database.upgrade()
        with database.engine.connect() as connection:
            config.attributes["connection"] = connection
            script = command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")
        database.dispose()
    return Path(script.path)  # type: ignore[union-attr]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit('usage: python -m storage.migrations.write "what changes"')
    print(write(sys.argv[1]))
