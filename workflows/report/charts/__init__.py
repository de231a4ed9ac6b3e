"""Charts as inline SVG: small functions, the same picture every time, text as text."""
