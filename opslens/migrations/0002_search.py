"""The table that search looks in, and the full-text index over it, which each database makes and keeps in its own way.

A later migration that changes the table must look after both: SQLite's triggers go when Django makes the table
anew, and PostgreSQL computes `vector` from `words`.
"""

import django.db.models.deletion
from django.db import migrations, models

# The words come folded and parted by spaces. `ascii` parts them there and takes every character beyond ASCII for a part
# of a word, which is what is wanted; the text itself stays in the table and is not stored twice.
SQLITE = [
    "CREATE VIRTUAL TABLE opslens_search USING fts5("
    "words, content='opslens_searchpassage', content_rowid='id', tokenize='ascii', prefix='2 3')",
    "CREATE TRIGGER opslens_search_insert AFTER INSERT ON opslens_searchpassage BEGIN "
    "INSERT INTO opslens_search (rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER opslens_search_delete AFTER DELETE ON opslens_searchpassage BEGIN "
    "INSERT INTO opslens_search (opslens_search, rowid, words) VALUES ('delete', old.id, old.words); END",
    "CREATE TRIGGER opslens_search_update AFTER UPDATE OF id, words ON opslens_searchpassage BEGIN "
    "INSERT INTO opslens_search (opslens_search, rowid, words) VALUES ('delete', old.id, old.words); "
    "INSERT INTO opslens_search (rowid, words) VALUES (new.id, new.words); END",
]
SQLITE_BACK = [
    "DROP TRIGGER opslens_search_insert",
    "DROP TRIGGER opslens_search_delete",
    "DROP TRIGGER opslens_search_update",
    "DROP TABLE opslens_search",
]

# Not to_tsvector(): its parser follows the locale of the database and has ideas of its own about hyphens, numbers and
# addresses, and here the words are known already.
POSTGRESQL = [
    r"""
    CREATE FUNCTION opslens_search_vector(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(
            string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || ''':' || place, ' '), ''
        )::tsvector
        FROM unnest(string_to_array(words, ' ')) WITH ORDINALITY AS listed (word, place)
        WHERE word <> ''
    $$
    """,
    "ALTER TABLE opslens_searchpassage ADD COLUMN vector tsvector "
    "GENERATED ALWAYS AS (opslens_search_vector(words)) STORED",
    "CREATE INDEX opslens_search ON opslens_searchpassage USING gin (vector)",
]
POSTGRESQL_BACK = [
    "DROP INDEX opslens_search",
    "ALTER TABLE opslens_searchpassage DROP COLUMN vector",
    "DROP FUNCTION opslens_search_vector(text)",
]


def make_index(apps, schema_editor):
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def drop_index(apps, schema_editor):
    for statement in {"sqlite": SQLITE_BACK, "postgresql": POSTGRESQL_BACK}[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("opslens", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="SearchPassage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(help_text="0 is the title, the text begins at 1")),
                ("start", models.PositiveIntegerField(help_text="In code points of the revision's text")),
                ("length", models.PositiveIntegerField(help_text="In code points")),
                ("words", models.TextField(help_text="Folded words, parted by single spaces")),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="search_passages",
                        to="opslens.article",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("article", "number"), name="search_passage_number_unique")
                ],
            },
        ),
        migrations.RunPython(make_index, drop_index, elidable=False),
    ]
