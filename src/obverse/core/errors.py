"""The one exception meant for the user's eyes."""


class ObverseError(Exception):
    """A problem the user can mend.

    The message names the file, line or key at fault and says what was expected instead; the command
    line prints it without a traceback.
    """
