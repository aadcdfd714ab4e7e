"""Errors that a student can understand: one sentence for the cause, one for the next step."""


class LabError(Exception):
    """Something the user can mend. Its message is shown as it stands, never with a traceback."""


class ConfigError(LabError):
    """A setting that is unknown, out of range, or does not fit the others."""


class DataError(LabError):
    """Digits that are missing, damaged, or of an earlier version."""


class StoreError(LabError):
    """A run that does not exist, or a store that cannot be read or written."""


class DamagedRunError(StoreError):
    """A stored run whose files are not what was written. It has been set aside."""


class DivergedError(LabError):
    """A training whose loss is no longer a number, or beyond all bounds."""


class ClusterError(LabError):
    """The training process cannot be started or reached."""


class QueueFullError(LabError):
    """A visitor who has as many trainings under way as one may have."""


class DeadlineError(LabError):
    """A training that takes far longer than it should."""


class ImageError(LabError):
    """A picture that cannot be read, or that holds no digit."""
