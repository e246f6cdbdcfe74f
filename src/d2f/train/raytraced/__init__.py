"""Ray-traced training scenes: laid out by chance, traced by Mitsuba 3, written as files."""
