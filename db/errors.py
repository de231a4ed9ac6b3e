"""Errors raised on purpose by ``db``; each message is one sentence that says what to do."""


class DbError(Exception):
    """Base of every error that the database layer raises on purpose."""


class SettingsError(DbError):
    """A ``FACET_*`` variable that cannot be used."""


class DatabaseUnreachableError(DbError):
    """No server answers, or it went away during the work."""


class DatabaseFullError(DbError):
    """The server has no disk space left; what was stored is kept."""


class EmbeddedServerError(DbError):
    """The private server of this machine cannot be found, started or shared."""


class DocumentRefusedError(DbError):
    """A document that MongoDB cannot hold: too large, or with a value that BSON does not know."""


class SchemaMismatchError(DbError):
    """A stored document whose schema version this code does not read."""


class MissingDocumentError(DbError):
    """A stored document that another one refers to is not there."""


class ArchiveError(DbError):
    """An archive of campaigns that cannot be written, or is not what Facet wrote."""
