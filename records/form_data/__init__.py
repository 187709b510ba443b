"""One TOML file a register form generation; `records.forms` says what they hold and loads them."""
