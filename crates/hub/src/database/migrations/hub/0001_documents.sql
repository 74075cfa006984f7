-- What people made and would miss. Instants are nanoseconds of the wall clock since 1970.

-- Receivers that follow over HTTP (docs/protocol/77-receivers.md).
CREATE TABLE receivers (
    name          TEXT    PRIMARY KEY,
    capabilities  TEXT    NOT NULL,     -- a JSON list of words
    universes     TEXT    NOT NULL,     -- a JSON list of numbers
    registered_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Nodes of the show network that have joined.
CREATE TABLE nodes (
    mac           TEXT    PRIMARY KEY,
    number        INTEGER NOT NULL,
    name          TEXT    NOT NULL,
    firmware      TEXT    NOT NULL,
    platform      TEXT    NOT NULL,
    first_seen_ns INTEGER NOT NULL,
    last_seen_ns  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Documents that are edited, each as it was after each change. An undo is a change too: `same_as` names the revision it
-- went back to.
CREATE TABLE revisions (
    document TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    made_ns  INTEGER NOT NULL,
    made_by  TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    same_as  INTEGER,
    PRIMARY KEY (document, number)
) STRICT;
