"""A line of a notebook's output that changes in place, where a terminal would have bars."""

from html import escape
from typing import Any

from obverse.core.format import harmless


class Line:
    """Shows how much is done, with a bar, and what is said of it; `close` takes it away."""

    def __init__(self) -> None:
        self._shown: Any = None

    def show(self, said: str, share: float | None = None) -> None:
        """Show `said`; a `share` of None is not known."""
        from IPython.display import HTML, display

        value = "" if share is None else f' value="{min(1.0, max(0.0, share)):.4f}"'
        text = f"<progress max=1{value}></progress> {escape(harmless(said))}"
        line = HTML(text)  # type: ignore[no-untyped-call]
        if self._shown is None:
            self._shown = display(line, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._shown.update(line)

    def close(self) -> None:
        from IPython.display import HTML

        if self._shown is not None:
            self._shown.update(HTML(""))  # type: ignore[no-untyped-call]
