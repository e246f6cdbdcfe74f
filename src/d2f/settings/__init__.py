"""Every choice a user can make, the same for all doors.

`groups` declares them; `choices` gives each its names (keyword, option, variable) and makes
settings from words, `focus_words` those of the focus; `file` reads and writes settings as files.
"""

from .groups import (
    DepthSettings,
    FocusSettings,
    FormatName,
    LensSettings,
    LightSettings,
    MethodSettings,
    Option,
    OutputSettings,
    Settings,
    SettingsGroup,
)

__all__ = [
    "DepthSettings",
    "FocusSettings",
    "FormatName",
    "LensSettings",
    "LightSettings",
    "MethodSettings",
    "Option",
    "OutputSettings",
    "Settings",
    "SettingsGroup",
]
