"""Writes docs/settings.md from the settings themselves: python docs/make_settings.py"""

from __future__ import annotations

from pathlib import Path

from d2f.settings import Settings

PAGE = Path(__file__).with_name("settings.md")
OPTIONS = {
    "focus.mode": "`--focus auto`",
    "focus.point": "`--focus X,Y`",
    "lens.f_number": "`--aperture f/N`",
    "lens.blur_percent": "`--blur PERCENT`",
    "lens.focal_length_mm": "`--focal-length MM`",
    "lens.sensor_width_mm": "`--sensor-width MM`",
    "lens.blades": "`--blades N`",
    "lens.roundness": "`--roundness 0..1`",
    "lens.rotation_deg": "`--rotation DEG`",
    "lens.squeeze": "`--squeeze 0.5..2`",
    "lens.rim": "`--rim -1..1`",
    "lens.cats_eye": "`--cats-eye 0..1`",
    "lens.tilt": "`--tilt X,Y`",
    "light.highlights": "`--highlights 0..1`",
    "light.grain": "`--grain 0..1`",
    "depth.file": "`--depth FILE`",
    "depth.unit": "`--depth-unit UNIT`",
}


def page() -> str:
    """The settings as a table; a setting without an option is an error."""
    lines = [
        "# Settings",
        "",
        "Every choice about a picture, the same for the command line and the library, where the",
        "names without their group are keyword arguments (`d2f.render(photo, f_number=2.8)`).",
        "On the command line a flag wins over the environment (`D2F_FOCUS`, `D2F_APERTURE`,",
        "`D2F_BLUR`, `D2F_HIGHLIGHTS`, `D2F_GRAIN`), which wins over the default.",
        "",
        "| setting | option | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for group, info in Settings.model_fields.items():
        for name, field in info.annotation.model_fields.items():
            default = "" if field.default is None else f"`{field.default}`"
            option = OPTIONS[f"{group}.{name}"]
            lines.append(f"| `{group}.{name}` | {option} | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
