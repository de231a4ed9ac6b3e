"""How every crystal takes its next step; each optimizer a plain state and a pure step."""
