"""Writes docs/settings.md from the settings themselves: python docs/make_settings.py"""

from __future__ import annotations

from pathlib import Path

from d2f.settings import Settings
from d2f.settings.choices import CHOICES

PAGE = Path(__file__).with_name("settings.md")
HEAD = """# Settings

Every choice about a picture, the same for the command line and the library.

- Option and environment variable: `d2f render --aperture f/2.8`, or `D2F_APERTURE=f/2.8`.
- Keyword of the library: `d2f.render(photo, f_number=2.8)`.
- An option wins over the environment, which wins over a settings file, which wins over the default.

| option | keyword | variable | default | meaning |
| --- | --- | --- | --- | --- |
"""
FIELDS = """
The same choices as fields of `d2f.Settings`, in groups:

| field | default | meaning |
| --- | --- | --- |
"""


def page() -> str:
    """Two tables: the choices by their names outside, and the fields they set."""
    choices = (
        f"| `{cell(f'{choice.flag} {choice.metavar}'.strip())}` | `{choice.name}` "
        f"| `{choice.variable}` | {code(choice.default)} | {cell(choice.description)} |"
        for choice in CHOICES.values()
    )
    fields = (
        f"| `{group}.{name}` | {code(field.default)} | {cell(field.description)} |"
        for group, info in Settings.model_fields.items()
        for name, field in info.annotation.model_fields.items()
    )
    return HEAD + "\n".join(choices) + "\n" + FIELDS + "\n".join(fields) + "\n"


def cell(text: str) -> str:
    """Text as it may stand in a table."""
    return text.replace("|", "\\|")


def code(value: object) -> str:
    """A default, or nothing where there is none."""
    return "" if value is None else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page())
