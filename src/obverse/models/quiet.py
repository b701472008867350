"""Keeping transformers from writing over what obverse shows."""


def quiet() -> None:
    """Switch off transformers' progress bars, and its messages but for errors, in this process."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
