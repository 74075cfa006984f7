-- What has happened: worth reading, and no show depends on it. Instants are nanoseconds of the wall clock since 1970, `at_s`
-- whole seconds.

-- Commands: who ordered what, and what became of it.
CREATE TABLE commands (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    node       TEXT,                     -- the one it is for; null: for the show
    command    TEXT    NOT NULL,         -- JSON
    ordered_by TEXT    NOT NULL,
    ordered_ns INTEGER NOT NULL,
    state      TEXT    NOT NULL,         -- queued, sent, executed, failed
    why        TEXT,                     -- it failed
    settled_ns INTEGER
) STRICT;
CREATE INDEX commands_of_a_node ON commands (node, number);
CREATE INDEX open_commands ON commands (state) WHERE state IN ('queued', 'sent');

-- Figures of nodes: the worst and the mean of a period. One period's rows lie side by side, so that writing one, once in
-- a period, touches few pages.
CREATE TABLE figures (
    period_s    INTEGER NOT NULL,
    at_s        INTEGER NOT NULL,        -- a multiple of period_s
    mac         INTEGER NOT NULL,
    sigma_ns    INTEGER,                 -- how sure the clock is (standard deviation), the worst
    bound_ns    INTEGER,                 -- within which the clock is right, the worst
    late_ns     INTEGER,                 -- output after its instant, the worst
    frames_mhz  INTEGER,                 -- thousandths of a frame a second, the mean
    loss_ppm    INTEGER,                 -- of the stream, the worst
    PRIMARY KEY (period_s, at_s, mac)
) STRICT, WITHOUT ROWID;
