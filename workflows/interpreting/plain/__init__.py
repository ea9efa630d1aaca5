"""The small language of conditions and values: `language` reads it, `interpreter` walks it, `operations` bound it."""
