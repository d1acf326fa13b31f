"""``python -m jqfast`` is the ``jqfast`` command."""

from __future__ import annotations

from jqfast.cli import main

main()
