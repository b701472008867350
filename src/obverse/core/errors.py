"""The exceptions meant for the user's eyes."""


class ObverseError(Exception):
    """A problem the user can mend.

    The message names the file, line or key at fault and says what was expected instead; the command
    line prints it without a traceback.
    """


def is_failure(error: BaseException) -> bool:
    """Return whether something has failed, and nobody has asked for everything to end.

    A library written in Rust panics on what its author did not foresee, which is no `Exception`.
    """
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


class CannotLoadError(ObverseError):
    """A model that is there and cannot be loaded; a study leaves it out and goes on with its others."""


class OddAnswerError(ObverseError):
    """A server's answer that is none; it may answer as it should when it is asked again."""


class HeldError(ObverseError):
    """Another process is at work on a run; whoever wants it waits, or takes another one."""


class StudyStarted(BaseException):
    """A study was started by a file that is imported only for its classes; importing it ends there."""


class Stopped(BaseException):
    """The user, or the system, wants everything to end.

    `number` is the signal's; `told` says whether the user has read what is kept.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.told = False
